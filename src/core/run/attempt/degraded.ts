import { asText, type JsonObject } from '../../../kernel/json.ts'
import type { Outcome } from '../outcome.ts'
import type { AttemptDeps, StepInFlight } from './step-in-flight.ts'

/** The first thing that the worker of this attempt could not do as asked, as it reported it; null where it reported none. */
export async function firstDegradation(deps: AttemptDeps, step: StepInFlight, n: number): Promise<JsonObject | null> {
	const [first = null] = await deps.runs.degradations(deps.run.id, { stepId: step.stepId, n })
	return first
}

/** A degraded attempt fails instead of passing, with code `degraded`; an outcome that says no by itself stays. */
export function refuseDegraded(outcome: Outcome, degradation: JsonObject | null): Outcome {
	if (degradation === null || outcome.status !== 'passed') return outcome
	const { tool = '', error = '', fallback = '' } = degradation
	const what = `tool '${asText(tool)}' failed (${asText(error)}), and ${asText(fallback)} was used instead`
	return {
		status: 'failed',
		failure: { code: 'degraded', message: `dispatch failed: the worker reported a degradation: ${what} (degradation_policy fail)` },
		stats: outcome.stats,
	}
}
