import { MseError } from '../../kernel/error.ts'
import { asOutputId, type RunId } from '../../kernel/id.ts'
import type { DataEmitReq, DataEmitResp, DataPostReq, DataRecord } from '../../protocol/data.ts'
import type { AttemptRecord } from '../dispatch/attempt-store.ts'
import { attemptOf, identify, presentedBearer, requireAttempt, requireReadable, requireRunning, requireStep } from './caller.ts'
import type { Presented, WorkerFaceDeps } from './face-deps.ts'
import { requireBytes, requireRoom } from './limit.ts'
import type { OutputRecord } from './store.ts'
import { appendToRunning } from './submit.ts'

/** Puts a body down for other workers under the caller's own name. It never decides a step. */
export async function emit(deps: WorkerFaceDeps, presented: Presented, request: DataEmitReq): Promise<DataEmitResp> {
	const attempt = await identify(deps, presented, 'emit_output')
	await requireStep(deps, attempt, request.task_id)
	if (request.producer_agent !== attempt.agent)
		throw new MseError('forbidden', `The credential is ${attempt.agent}'s; it may not emit as ${request.producer_agent}.`, {
			code: 'foreign_producer',
			hint: 'To choose the name a body is found by, use POST /v1/data/<name>.',
		})
	return put(deps, attempt, attempt.agent, request)
}

/** Puts a body down under a name of the caller's choice. */
export async function emitAs(deps: WorkerFaceDeps, presented: Presented, name: string, request: DataPostReq): Promise<DataEmitResp> {
	const attempt = await identify(deps, presented, 'emit_output')
	await requireStep(deps, attempt, request.task_id)
	return put(deps, attempt, name, request)
}

/** A record by its id, else the newest of that name: in the caller's run, or anywhere for those who see everything. */
export async function read(deps: WorkerFaceDeps, presented: Presented, key: string): Promise<DataRecord> {
	const runId = await readableRun(deps, presented)
	const byId = await deps.outputs.get(asOutputId(key))
	const record = byId?.plane === 'data' ? byId : await deps.outputs.latestByName(key, runId)
	if (!record) throw new MseError('not_found', `output not found (id nor name): ${key}`, { code: 'unknown_output' })
	return toDataRecord(record)
}

async function put(deps: WorkerFaceDeps, attempt: AttemptRecord, producer: string, request: DataPostReq): Promise<DataEmitResp> {
	requireAttempt(attempt, request.attempt)
	requireRunning(attempt)
	requireBytes(deps.limits, Buffer.byteLength(JSON.stringify([request.event, request.parent_refs])))
	await requireRoom(deps, attempt, 'data')
	const { stepId, runId, n } = attempt
	const output = {
		plane: 'data',
		runId,
		stepId,
		attempt: n,
		producer,
		event: request.event,
		parentRefs: request.parent_refs ?? [],
	} as const
	const record = await appendToRunning(deps, attempt, output)
	return { out_id: record.id }
}

/** The run whose outputs the caller may look at; null means all runs. */
export async function readableRun(deps: WorkerFaceDeps, presented: Presented): Promise<RunId | null> {
	const isBare = presented.authorization === undefined && presented.queryToken === undefined
	if (isBare && deps.openReads) return null
	const bearer = presentedBearer(presented)
	if (await deps.isTrusted(bearer)) return null
	const attempt = await attemptOf(deps, bearer, 'fetch_data')
	requireReadable(attempt, deps.clock.now())
	return attempt.runId
}

function toDataRecord({ id, stepId, attempt, producer, event, parentRefs }: OutputRecord): DataRecord {
	return { id, task_id: stepId, attempt, producer_agent: producer, event, parent_refs: [...parentRefs] }
}
