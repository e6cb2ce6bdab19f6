import { MseError } from '../../kernel/error.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { WorkerDegradationReq, WorkerStatsReq } from '../../protocol/worker.ts'
import { identify, requireRunning } from './caller.ts'
import type { Presented, WorkerFaceDeps } from './face-deps.ts'
import { requireBytes } from './limit.ts'
import { ADAPTER_DATA_BYTES, isTooLarge, normaliseStats } from './worker-stats.ts'

/** Adds to the run's list of degradations, in the order they are reported. */
export async function degradation(deps: WorkerFaceDeps, presented: Presented, request: WorkerDegradationReq): Promise<void> {
	const attempt = await identify(deps, presented, 'emit_output')
	requireRunning(attempt)
	const { tool, error, fallback, note } = request
	const entry: JsonObject = {
		tool,
		error,
		fallback,
		...(note != null && { note }),
		step_ref: attempt.agent,
		attempt: attempt.n,
		at: Math.floor(deps.clock.now() / 1000),
	}
	requireBytes(deps.limits, Buffer.byteLength(JSON.stringify(entry)))
	await deps.attempts.addDegradation(attempt.runId, attempt.stepId, entry)
}

/** Keeps what a worker says of its own work; a later report replaces an earlier one. */
export async function stats(deps: WorkerFaceDeps, presented: Presented, request: WorkerStatsReq): Promise<void> {
	const attempt = await identify(deps, presented, 'emit_output')
	requireRunning(attempt)
	if (isTooLarge(request.adapter_data))
		throw new MseError('too_large', `adapter_data may have ${ADAPTER_DATA_BYTES} bytes of JSON.`, { code: 'adapter_data_too_large' })
	await deps.attempts.reportStats(attempt.stepId, attempt.n, normaliseStats({ ...request, worker_kind: request.worker_kind ?? 'operator' }))
}
