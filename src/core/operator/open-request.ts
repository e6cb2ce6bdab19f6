import type { RunId, SessionId } from '../../kernel/id.ts'
import type { OpenState, OperatorRequest } from './store.ts'

/** A request that somebody still has to answer, without what is asked: for whoever looks at all that waits. */
export interface OpenRequest extends Omit<OperatorRequest, 'state' | 'frame' | 'reply' | 'endedAt' | 'seatGeneration'> {
	readonly state: OpenState
	/** The agent of the step it is about. */
	readonly agent: string
}

/** Reads over all operators at once. */
export interface OpenRequestStore {
	/** The oldest first, and how many there are; of one run, or of one session (null: of nobody), alone where that is named. */
	oldest(query: {
		readonly limit: number
		readonly runId?: RunId | undefined
		readonly sid?: SessionId | null | undefined
	}): Promise<{ readonly requests: readonly OpenRequest[]; readonly total: number }>
	/** Whom an open request is addressed to; null for nobody yet, undefined when there is no such open request. */
	addressee(reqId: string): Promise<OperatorRequest['sid'] | undefined>
}
