import { MseError } from '../../kernel/error.ts'
import { asRequestId, newRequestSerial, type RunId, type SessionId, type StepId, type TaskId } from '../../kernel/id.ts'
import { isJsonObject, type JsonObject } from '../../kernel/json.ts'
import type { ClientReply, ServerMsg } from '../../protocol/operator-frame.ts'
import { agentOf } from './agent-sid.ts'
import type { Addressee } from './seat.ts'
import type { OperatorRequest, RequestKind } from './store.ts'

/** Something to ask an operator on behalf of an attempt. */
export interface Asking {
	readonly kind: RequestKind
	readonly runId: RunId
	readonly taskId: TaskId
	readonly stepId: StepId
	readonly attempt: number
	/** A seat of the run, or an operator's sid or role. */
	readonly to: { readonly slot: string } | { readonly operator: string }
	/** The frame without `req_id` and without anything secret; kept on disk. */
	readonly frame: JsonObject
	/** What is added to the frame at each sending: credentials, and texts that name them. */
	secrets?(): JsonObject
	/** Queues the writes that share the request's transaction; called once, before the request is written, and not for one that stands. */
	alongside?(): Promise<unknown>
	/** Ends the asking; its reason is what the asker gets. */
	readonly signal: AbortSignal
	/** Whether an abort for that reason leaves the request standing on disk (only this process stops). */
	standsAfter?(reason: unknown): boolean
	/** Whether an abort for that reason only lets go of the request's run, which is to be woken when anything happens to the request. */
	sleepsAfter?(reason: unknown): boolean
	/** See `Attempt.standing`; absent for askings that cannot be resumed. */
	standing?(afterMs: number | null): void
	/** Told before a reply comes that is not on disk yet: when that write fails, what the reply set off must be taken back. Absent: a reply comes after its commit. */
	readonly restsOn?: (written: Promise<unknown>) => void
	/** True while somebody has the request, false while it only waits for an operator to come. */
	working(isWorking: boolean): void
	/** Whether the worker's result is there already; asked once when an earlier request is taken up again. */
	hasFinal?(): Promise<boolean>
}

/** How an asking ended well. `final`: the worker's posted result decided and no acknowledgement came. */
export type Reply = ClientReply | { readonly type: 'final' }

/** Kinds as the ids of mlua-swarm 0.1.0 shorten them; clients treat the whole as opaque. */
const SHORT = { spawn: 'spawn', ask: 'ask', hook_before: 'hb' } as const satisfies Record<RequestKind, string>

/** Room for what is added to a frame at its sending: credentials and a directive. */
const FRAME_REST_BYTES = 64 * 1024

export function newRequest(
	asking: Asking,
	to: Addressee | null,
	state: 'parked' | 'sent',
	now: number,
	deadlineMs: number,
): OperatorRequest {
	const { kind, runId, taskId, stepId, attempt, frame } = asking
	return {
		reqId: asRequestId(`${to?.sid ?? runId}-${SHORT[kind]}-${newRequestSerial()}`),
		kind,
		state,
		sid: to?.sid ?? null,
		slot: 'slot' in asking.to ? asking.to.slot : null,
		seatGeneration: to?.seatGeneration ?? null,
		runId,
		taskId,
		stepId,
		attempt,
		frame,
		reply: null,
		createdAt: now,
		deadlineAt: now + deadlineMs,
		endedAt: null,
	}
}

/** Throws `too_large` for a frame that no socket takes: it would close each one it is sent to. */
export function refuseHuge({ kind, frame }: Asking, frameBytes: number): void {
	if (Buffer.byteLength(JSON.stringify(frame)) + FRAME_REST_BYTES <= frameBytes) return
	throw new MseError('too_large', `The ${kind} for the operator is larger than a frame of ${frameBytes} bytes (limits.frame_bytes).`, {
		code: 'frame_too_large',
		details: { limit_bytes: frameBytes },
	})
}

export function tooMany(sid: SessionId, limit: number): MseError {
	return new MseError('throttled', `Operator session ${sid} has ${limit} requests waiting, the limit (limits.requests_per_session).`, {
		code: 'requests_per_session',
		hint: 'Let the operator answer some, or raise the limit.',
	})
}

/** The name whose bearer may take a request that is addressed to nobody yet. */
export const nameOf = (asking: Asking): string => ('slot' in asking.to ? asking.to.slot : asking.to.operator)

/** Whether it goes to an agent of the hive, whose session nobody joins for. */
export const isForAgent = (asking: Asking): boolean => agentOf(nameOf(asking)) !== null

/** The frame, complete with what is never stored. The socket checks it against the wire's schema. */
export function toFrame({ request, asking }: { readonly request: OperatorRequest; readonly asking: Asking }): ServerMsg {
	const frame: unknown = { type: request.kind, req_id: request.reqId, ...request.frame, ...asking.secrets?.() }
	return frame as ServerMsg
}

/** How a request that ended while nobody waited for it ended; throws when it was withdrawn or expired, with code `displaced` when its seat moved. */
export function replyOf(request: OperatorRequest): Reply {
	const { state, reply } = request
	if (state === 'answered' && isJsonObject(reply)) return reply as unknown as Reply
	const reason = isJsonObject(reply) && typeof reply.reason === 'string' ? reply.reason : 'the request to the operator was withdrawn'
	if (isJsonObject(reply) && reply.code === 'displaced') throw new MseError('conflict', reason, { code: 'displaced' })
	throw new MseError(state === 'expired' ? 'timed_out' : 'unavailable', reason, {
		code: state === 'expired' ? 'request_deadline' : 'request_withdrawn',
	})
}

/** What each log line about a request carries. */
export function aboutRequest({ reqId, runId, stepId, attempt }: OperatorRequest) {
	return { req_id: reqId, run_id: runId, step_id: stepId, attempt }
}

/** Whether there is anything to ask any more: a lane may have lost while its request was on the way to disk. */
export function isWanted({ signal, standsAfter, sleepsAfter }: Asking): boolean {
	return !signal.aborted || standsAfter?.(signal.reason) === true || sleepsAfter?.(signal.reason) === true
}
