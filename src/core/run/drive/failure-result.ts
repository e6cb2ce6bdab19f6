import type { JsonObject } from '../../../kernel/json.ts'
import type { FlowError } from '../../flow/flow-error.ts'
import type { DigestOf } from '../bindings.ts'
import { StepFailed } from '../outcome.ts'
import type { Run } from '../record.ts'
import type { RunStore } from '../store.ts'

/** So many of the last steps are shown in the partial ctx of a failed run. */
const PARTIAL_STEPS = 200

interface FailureDeps {
	readonly runs: RunStore
	readonly digestOf: DigestOf
}

/**
 * The `result_ref` of a failed run: `{error: {message, code, failed_step, verdict_value}, partial_ctx}` (mlua-swarm
 * 0.16.0, with our `code`). Its partial ctx names the steps so far, not their values.
 */
export async function failureResult({ runs, digestOf }: FailureDeps, run: Run, error: FlowError): Promise<JsonObject> {
	const steps = (await runs.steps(run.id)).slice(-PARTIAL_STEPS)
	const entries = steps.map(({ stepId, ref, status, startedAt }) => {
		const digest = digestOf(ref)
		return [stepId, { step_ref: ref, status, ...(digest !== undefined && { binding_digest: digest }), at: startedAt }]
	})
	return { error: errorOf(error), partial_ctx: { steps: Object.fromEntries(entries) } }
}

function errorOf(error: FlowError): JsonObject {
	const failed = error.cause instanceof StepFailed ? error.cause : null
	return {
		message: `flow eval: ${error.message}`,
		code: failed?.code ?? (error.class === 'LimitError' ? 'limit_exceeded' : 'flow_error'),
		failed_step: failed?.ref ?? null,
		verdict_value: failed?.verdict ?? null,
	}
}
