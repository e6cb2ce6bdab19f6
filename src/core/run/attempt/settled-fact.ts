import type { StepSettled } from '../fact.ts'
import type { Outcome } from '../outcome.ts'
import type { StepInFlight } from './step-in-flight.ts'

/** How a step ended, for the journal. */
export function settledFact(step: StepInFlight, attempt: number, outcome: Outcome, at: number): StepSettled {
	const { stepId, position, ref, inputHash, startedAt } = step
	return {
		kind: 'step_settled',
		stepId,
		position,
		ref,
		inputHash,
		attempt,
		status: outcome.status,
		value: 'value' in outcome ? outcome.value : null,
		failure: 'failure' in outcome ? outcome.failure : null,
		stats: outcome.stats,
		startedAt,
		at,
	}
}
