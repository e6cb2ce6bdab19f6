import type { Route } from '../../dispatch/plan.ts'
import type { AttemptDeps, StepInFlight } from './step-in-flight.ts'

/** Keeps on disk whether a death of the server is put down to an attempt. */
export interface Blame {
	working(isWorking: boolean): void
	release(): void
}

/**
 * A death counts towards a crash loop while the attempt was at work, and not while it stood in line. An attempt that was at
 * work for `recoveryResetMs` has shown that it kills nobody: what was counted for its step before is forgotten, too.
 */
export function watchBlame(deps: AttemptDeps, step: StepInFlight, { worker, backend }: Route, n: number): Blame {
	// What goes on in the next life never counts as lost.
	if (worker.resume) return { working() {}, release() {} }
	const tell = (who: 'step' | 'attempt', blamed: boolean): void =>
		deps.journal.record({ kind: 'blame_changed', stepId: step.stepId, n, backend: backend.name, who, blamed })
	let isBlamed = true
	let isDecided = false
	let disarm = (): void => {}
	return {
		working(isWorking) {
			disarm()
			if (isDecided) return
			if (isWorking !== isBlamed) tell('attempt', isWorking)
			isBlamed = isWorking
			if (!isWorking || deps.recoveryResetMs === 0) return
			disarm = deps.clock.after(deps.recoveryResetMs, () => {
				isDecided = true
				tell('step', false)
			})
		},
		release() {
			isDecided = true
			disarm()
		},
	}
}
