import { canonicalJson, type Json } from '../../kernel/json.ts'
import type { WorkerStats } from '../../protocol/output.ts'
import type { StepFailure } from './record.ts'

/** How a step ended, as the flow and the journal see it. */
export type Outcome =
	| { readonly status: 'passed' | 'skipped' | 'blocked'; readonly value: Json; readonly stats: WorkerStats | null }
	| { readonly status: 'failed' | 'cancelled'; readonly failure: StepFailure; readonly stats: WorkerStats | null }

/** What a step that did not pass throws into the flow; `try` may catch it. */
export class StepFailed extends Error {
	override readonly name = 'StepFailed'
	readonly ref: string
	readonly code: string
	/** The value of a blocked step; null for a failed one. */
	readonly verdict: Json

	constructor(ref: string, code: string, message: string, verdict: Json) {
		super(message)
		this.ref = ref
		this.code = code
		this.verdict = verdict
	}
}

/** The error of an outcome that does not pass, in the sentences of mlua-swarm 0.1.0. */
export function toStepFailed(ref: string, outcome: Outcome): StepFailed | null {
	if ('failure' in outcome) return new StepFailed(ref, outcome.failure.code, `dispatch_attempt: ${outcome.failure.message}`, null)
	if (outcome.status !== 'blocked') return null
	return new StepFailed(ref, 'step_blocked', `blocked: ${canonicalJson(outcome.value)}`, outcome.value)
}

/** Sentences that name their own stage; anything else a worker throws is the worker's own error. */
const OWN_STAGE = /^(internal: |worker not registered: |spawn rejected by middleware: |no Final in output_tail)/

/** The failure of an attempt, from what its backend threw. */
export function toFailure(thrown: unknown, code = 'step_failed'): StepFailure {
	const message = thrown instanceof Error ? thrown.message : String(thrown)
	return { code, message: `dispatch failed: ${OWN_STAGE.test(message) ? message : `worker fn returned error: ${message}`}` }
}
