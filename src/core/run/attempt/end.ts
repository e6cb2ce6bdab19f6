import type { Route } from '../../dispatch/plan.ts'
import { stopOf } from '../../dispatch/stop.ts'
import type { Outcome } from '../outcome.ts'
import type { StepFailure } from '../record.ts'
import { settledFact } from './settled-fact.ts'
import type { AttemptDeps, StepInFlight } from './step-in-flight.ts'

/** Writes the end of one attempt, once. */
export interface AttemptEnd {
	record(status: 'finished' | 'failed' | 'cancelled' | 'displaced', outcome: Pick<Outcome, 'stats'>, failure: StepFailure | null): void
	release(): void
}

/**
 * The end of an attempt that loses its lane is written in the very turn in which the decision fell, so that decision and
 * losers share a transaction. An attempt that must start anew after a stop in good order is closed here too: it does not
 * count as a death of the server. An attempt that ends together with its step is written only in that case.
 */
export function watchEnd(
	deps: AttemptDeps,
	step: StepInFlight,
	{ backend }: Route,
	own: { readonly n: number; readonly endsWithItsStep: boolean; isResumable(): boolean },
): AttemptEnd {
	const { n } = own
	let written = false
	const write: AttemptEnd['record'] = (status, { stats }, failure) => {
		if (written) return
		written = true
		const at = deps.clock.now()
		deps.journal.record({ kind: 'attempt_ended', stepId: step.stepId, n, backend: backend.name, status, failure, stats, at })
	}
	const record: AttemptEnd['record'] = (status, outcome, failure) => {
		if (!own.endsWithItsStep || status === 'displaced') write(status, outcome, failure)
	}
	const onAbort = (): void => {
		const stop = stopOf(step.signal)
		const failure = { code: stop.code, message: stop.message }
		if (stop.kind === 'detached' && !own.isResumable()) write('cancelled', { stats: null }, failure)
		if (stop.kind !== 'lost') return
		record('cancelled', { stats: null }, failure)
		deps.journal.record(settledFact(step, n, { status: 'cancelled', failure, stats: null }, deps.clock.now()))
	}
	step.signal.addEventListener('abort', onAbort, { once: true })
	return { record, release: () => step.signal.removeEventListener('abort', onAbort) }
}

/** A step that waits between attempts gives way to a quicker lane in the turn of the decision, too. The result ends the watch. */
export function settleWhenLost(deps: AttemptDeps, step: StepInFlight, n: number): () => void {
	const onAbort = (): void => {
		const { kind, code, message } = stopOf(step.signal)
		if (kind !== 'lost') return
		deps.journal.record(settledFact(step, n, { status: 'cancelled', failure: { code, message }, stats: null }, deps.clock.now()))
	}
	step.signal.addEventListener('abort', onAbort, { once: true })
	return () => step.signal.removeEventListener('abort', onAbort)
}
