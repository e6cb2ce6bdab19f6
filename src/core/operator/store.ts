import type { RequestId, RunId, SessionId, StepId } from '../../kernel/id.ts'
import type { Json, JsonObject } from '../../kernel/json.ts'

/** An operator's session. The token itself is never kept, only its SHA-256. */
export interface OperatorSession {
	readonly sid: SessionId
	readonly tokenDigest: string
	readonly roles: readonly string[]
	readonly desc: string | null
	readonly capabilityManifest: JsonObject | null
	readonly scope: { readonly blueprints: readonly string[] } | null
	readonly joinedAt: number
	readonly lastAccessAt: number
}

export type RequestKind = 'spawn' | 'ask' | 'hook_before' | 'hook_after'
/**
 * `parked`: nobody to send it to, or not connected. `sent`: written to a socket. `delivered`: a pong proved it was read.
 * The rest are ends: `answered`, `withdrawn` (cancel, displaced, torn down), `expired` (its deadline).
 */
export type RequestState = 'parked' | 'sent' | 'delivered' | 'answered' | 'withdrawn' | 'expired'

/** One thing asked of an operator. It waits on disk, under the same id, until it ends. */
export interface OperatorRequest {
	readonly reqId: RequestId
	readonly kind: RequestKind
	readonly state: RequestState
	/** Whom it is addressed to; null while its seat is vacant. */
	readonly sid: SessionId | null
	readonly slot: string | null
	/** Generation of the seat it was addressed under; null when not addressed through a seat. */
	readonly seatGeneration: number | null
	readonly runId: RunId
	readonly stepId: StepId
	readonly attempt: number
	/** The frame without its credentials; those are made again for each sending. */
	readonly frame: JsonObject
	readonly reply: Json
	readonly createdAt: number
	readonly deadlineAt: number
	readonly endedAt: number | null
}

/** Sessions and requests. Each method is one transaction that also appends its events; `null` means absent. */
export interface OperatorStore {
	/** Throws `conflict` with `details.conflicts` when another session owns one of the roles; checked and written at once. */
	join(session: OperatorSession): Promise<void>
	sessions(): Promise<readonly OperatorSession[]>
	touch(sid: SessionId, at: number): Promise<void>
	/** Ends a session: its row and roles go, its open requests are withdrawn. False when there was none. */
	end(sid: SessionId, how: 'ended' | 'expired'): Promise<boolean>
	addRequest(request: OperatorRequest): Promise<void>
	request(reqId: RequestId): Promise<OperatorRequest | null>
	/** Requests that have not ended, oldest first. */
	openRequests(filter: { sid?: SessionId; runId?: RunId; stepId?: StepId }): Promise<readonly OperatorRequest[]>
	/** Compare-and-set among the open states; false when the request had ended. */
	moveRequest(reqId: RequestId, change: { state: RequestState; sid?: SessionId; seatGeneration?: number; reply?: Json }): Promise<boolean>
}
