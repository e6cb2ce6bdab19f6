import type { SessionId, StepId } from '../../kernel/id.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { ClientReply, ServerMsg } from '../../protocol/operator-frame.ts'
import type { Attempt, Worker } from '../dispatch/backend.ts'

/** What layers ask of an operator; both wait on disk under the step and are not asked twice. */
export type FaceKind = 'hook_before' | 'ask'

/** The newest request of one kind for a step, whichever attempt made it. */
export interface Standing {
	readonly reqId: string
	readonly attempt: number
	/** The operator's answer, when that is how it ended. */
	readonly reply: ClientReply | null
	/** It went to an operator by name and not through a seat. */
	readonly isByName: boolean
}

/** What a layer asks, and whom. */
export interface FaceQuestion {
	readonly kind: FaceKind
	readonly attempt: Attempt
	/** An operator's sid or role. */
	readonly to: string
	readonly frame: JsonObject
}

/** Operators as layers see them: bridges, hooks and backends are all names that a live session may bear. */
export interface OperatorFaces {
	/** The live session of that sid or role, connected or not. Asked anew at each dispatch. */
	find(name: string): Promise<SessionId | null>
	standing(stepId: StepId, kind: FaceKind | 'spawn'): Promise<Standing | null>
	/**
	 * Asks, or goes on with what the same attempt asked before. Rejects with the attempt's own reason when that is
	 * aborted, and with a sentence when the request is withdrawn or expires.
	 */
	ask(question: FaceQuestion): Promise<ClientReply>
	/** Sends a frame that nobody answers; it is lost when the operator is away. */
	tell(sid: SessionId, frame: ServerMsg): void
	/** A worker that hands the whole attempt to the operator of that name. */
	delegate(name: string): Worker
}
