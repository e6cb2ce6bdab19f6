import type { MintedCredentials } from '../../access/credential.ts'
import type { Route } from '../../dispatch/plan.ts'
import type { Outcome } from '../outcome.ts'
import type { RecordedAttempt } from '../store.ts'
import { beginsWithItsStep, performOnce, type Try } from './once.ts'
import { askFirst } from './step-approval.ts'
import type { AttemptDeps, StepInFlight } from './step-in-flight.ts'
import { mint } from './to-attempt.ts'
import { newTries, type Tries } from './tries.ts'

interface Performed {
	readonly n: number
	readonly outcome: Outcome
}

/** Performs attempts at a step until one decides it. An attempt begins on disk before its backend hears of it. */
export async function performAttempts(deps: AttemptDeps, begun: StepInFlight, route: Route, wasBegun: boolean): Promise<Performed> {
	if (!wasBegun) {
		await deps.budget?.enter(begun.signal)
		const { stepId, position, ref, inputHash, prompt, startedAt: at } = begun
		const first = beginsWithItsStep(route, 1) ? ({ attempt: 1, backend: route.backend.name } as const) : ({ attempt: 0 } as const)
		deps.journal.record({ kind: 'step_began', stepId, position, ref, inputHash, prompt, ...first, at })
	}
	const before = deps.attempts.get(begun.stepId)
	const step = route.policy.approve === undefined ? begun : await askFirst(deps, begun, route.policy.approve)
	if ('status' in step) return { n: before?.n ?? 0, outcome: step }
	const tries = newTries(deps, step, route, before)
	if (before?.open) {
		const resumed = await resumeAttempt(deps, step, route, before.n, tries)
		const outcome = resumed === 'lost' ? endLost(deps, step, route, before) : resumed
		if (outcome) return { n: before.n, outcome }
	}
	for (let n = (before?.n ?? 0) + 1; ; n++) {
		const refused = await tries.ready(n)
		if (refused) return { n: Math.max(1, n - 1), outcome: refused }
		const credentials = credentialsOf(deps, step, route, n)
		if (!beginsWithItsStep(route, n)) begin(deps, step, route, n, credentials)
		const outcome = await decided(deps, step, route, tries, { n, credentials, perform: (attempt) => route.worker.perform(attempt) })
		if (outcome && outcome !== 'lost') return { n, outcome }
	}
}

/** One attempt and what the policy makes of it: null when another one must follow. */
async function decided(
	deps: AttemptDeps,
	step: StepInFlight,
	route: Route,
	tries: Tries,
	own: Pick<Try, 'n' | 'credentials' | 'perform'>,
): Promise<Outcome | 'lost' | null> {
	let thrown: unknown = null
	const failed = (error: unknown): void => {
		thrown = error
	}
	const outcome = await performOnce(deps, step, route, { ...own, endsAt: tries.endsAt, failed })
	return outcome === null || outcome === 'lost' ? outcome : tries.decide(own.n, outcome, thrown)
}

/** Goes on with an attempt of an earlier life, where its worker can. */
async function resumeAttempt(
	deps: AttemptDeps,
	step: StepInFlight,
	route: Route,
	n: number,
	tries: Tries,
): Promise<Outcome | 'lost' | null> {
	if (!route.worker.resume) return 'lost'
	return decided(deps, step, route, tries, { n, credentials: credentialsOf(deps, step, route, n), perform: route.worker.resume })
}

/** Closes an attempt a server death ended. An outcome when the policy wants no second try. */
function endLost(deps: AttemptDeps, step: StepInFlight, route: Route, before: RecordedAttempt): Outcome | null {
	const failure = { code: 'attempt_lost', message: `dispatch failed: the server died during attempt ${before.n}` }
	deps.journal.record({
		kind: 'attempt_ended',
		stepId: step.stepId,
		n: before.n,
		backend: route.backend.name,
		status: 'lost',
		failure,
		stats: null,
		at: deps.clock.now(),
	})
	if (route.policy.on_restart === 'fail') return { status: 'failed', failure, stats: null }
	const deaths = before.lost + (before.isBlamed ? 1 : 0)
	if (deaths < deps.recoveryMax || !before.isBlamed) return null
	// Whoever resumes the run gives it as many chances again.
	deps.journal.record({ kind: 'blame_changed', stepId: step.stepId, n: before.n, backend: route.backend.name, who: 'step', blamed: false })
	deps.interrupt('crash_loop', `The server died ${deaths} times during step '${step.ref}' (${step.stepId}), recovery.max.`)
	throw step.signal.reason
}

function credentialsOf(deps: AttemptDeps, { stepId }: StepInFlight, { backend }: Route, n: number): MintedCredentials | undefined {
	return backend.leavesProcess ? mint(deps, stepId, n) : undefined
}

function begin(deps: AttemptDeps, step: StepInFlight, route: Route, n: number, minted: MintedCredentials | undefined): void {
	deps.journal.record({
		kind: 'attempt_began',
		stepId: step.stepId,
		n,
		ref: step.ref,
		backend: route.backend.name,
		system: null,
		context: step.context,
		tokenFp: minted?.tokenFp ?? null,
		handleHash: minted?.handleHash ?? null,
		at: deps.clock.now(),
	})
}
