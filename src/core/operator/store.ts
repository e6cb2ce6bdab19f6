import type { RequestId, RunId, SessionId, StepId, TaskId } from '../../kernel/id.ts'
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

/** A seat that a session was given, with what tells its run apart. */
export interface SeatGiven {
	readonly runId: RunId
	readonly slot: string
	readonly goal: string | null
	readonly projectRoot: string | null
	readonly workDir: string | null
	readonly taskMetadata: Json
	readonly at: number
}

/** The last few of all the seats a session was ever given; one for each run and slot. */
export interface Observed {
	readonly seats: readonly SeatGiven[]
	readonly total: number
}

export type RequestKind = 'spawn' | 'ask' | 'hook_before'
/**
 * `parked`: nobody to send it to, or not connected. `sent`: written to a socket. `delivered`: a pong proved it was read.
 * The rest are ends: `answered`, `withdrawn` (cancel, displaced, torn down), `expired` (its deadline).
 */
export type RequestState = OpenState | EndState
export type OpenState = 'parked' | 'sent' | 'delivered'
export type EndState = 'answered' | 'withdrawn' | 'expired'

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
	readonly taskId: TaskId
	readonly stepId: StepId
	readonly attempt: number
	/** The frame without its credentials and directive; those are made again for each sending. */
	readonly frame: JsonObject
	/** Once answered: the reply. Once withdrawn or expired: `{"reason": "<sentence>"}`. */
	readonly reply: Json
	readonly createdAt: number
	readonly deadlineAt: number
	readonly endedAt: number | null
}

/** What became of a reply: `ended` when the request had ended before, `unknown` when it is not that session's. */
export type Answered = { readonly outcome: 'applied' | 'unknown' } | { readonly outcome: 'ended'; readonly state: EndState }

/** Sessions and requests. Each method is one transaction that also appends its events; `null` means absent. */
export interface OperatorStore {
	// --- sessions ---
	/** Throws `conflict` (code `roles_conflict`, `details.conflicts`) when others own one of the roles; checked and written at once. */
	join(session: OperatorSession): Promise<void>
	sessions(): Promise<readonly OperatorSession[]>
	touch(sid: SessionId, at: number): Promise<void>
	/** The seats a session was last given, newest first. */
	observed(sid: SessionId): Promise<Observed>
	/** A socket came or went; counts as access. */
	connection(sid: SessionId, change: 'connected' | 'disconnected', at: number): Promise<void>
	/**
	 * Ends a session: its row and roles go, its open requests are withdrawn with `reason`, its seats in runs that are not
	 * done or failed become vacant. Attempts it was asked for through a seat end as displaced, but for those with a Final on
	 * disk, whose request is answered by it. False when there was none.
	 */
	end(sid: SessionId, how: 'ended' | 'expired', reason: string): Promise<boolean>
	// --- requests ---
	/**
	 * Writes nothing when `isWanted` says no by then. Throws `conflict` (code `seat_moved`) when the seat has another holder or generation
	 * than the request says.
	 */
	addRequest(request: OperatorRequest, isWanted?: () => boolean): Promise<void>
	request(reqId: RequestId): Promise<OperatorRequest | null>
	/** The newest request of that kind for an attempt, ended or not. */
	requestOf(stepId: StepId, attempt: number, kind: RequestKind): Promise<OperatorRequest | null>
	/** The newest request of that kind for a step, whichever attempt made it, ended or not. */
	newestRequest(stepId: StepId, kind: RequestKind): Promise<OperatorRequest | null>
	/** Requests that have not ended, oldest first. */
	openRequests(filter: { sid?: SessionId; runId?: RunId }): Promise<readonly OperatorRequest[]>
	/** Gives an open request an addressee; false when it had ended. Throws as `addRequest`. */
	address(reqId: RequestId, to: { readonly sid: SessionId; readonly seatGeneration: number | null }): Promise<boolean>
	/** Moves open requests among the open states; those that have ended stay as they are. */
	mark(marks: readonly { readonly reqId: RequestId; readonly state: OpenState }[]): Promise<void>
	/**
	 * Ends an open request of that session by its reply; the first reply wins. `applied` is called before the commit, so that what the
	 * reply sets off in the same turn shares it; nothing of that may leave the process before this resolves.
	 */
	answer(reqId: RequestId, sid: SessionId, reply: JsonObject, applied?: () => void): Promise<Answered>
	/** Ends an open request from our side; false when it had ended before. */
	endRequest(reqId: RequestId, state: EndState, reply: JsonObject): Promise<boolean>
}
