import type { JsonObject } from '../../kernel/json.ts'
import type { FlowError } from '../flow/flow-error.ts'
import { StepFailed } from './outcome.ts'
import type { Run } from './record.ts'
import type { RunStore } from './store.ts'

/** So many of the last steps are shown in the partial ctx of a failed run. */
const PARTIAL_STEPS = 200

/**
 * The `result_ref` of a failed run: `{error: {message, code, failed_step, verdict_value}, partial_ctx}` (mlua-swarm
 * 0.16.0, with our `code`). Its partial ctx names the steps so far, not their values.
 */
export async function failureResult(deps: { readonly runs: RunStore }, run: Run, error: FlowError): Promise<JsonObject> {
	const steps = (await deps.runs.steps(run.id)).slice(-PARTIAL_STEPS)
	const entries = steps.map(({ stepId, ref, status, startedAt }) => [stepId, { step_ref: ref, status, at: startedAt }])
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
