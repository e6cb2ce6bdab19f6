import type { EventDraft } from '../event/event.ts'
import type { Approval, ApprovalEntry, ApprovalQuery, Question } from './approval.ts'
import type { Move } from './move.ts'

/** The transaction in which an approval ends, for what belongs to it. */
export interface ApprovalTransaction {
	append(event: EventDraft): void
}

/** Runs inside that transaction, synchronously; it may do nothing but read and write the same database. A throw undoes the end as well. */
export type OnResolved = (tx: ApprovalTransaction, approval: Approval) => void

/**
 * Approvals, kept for ever. Each method is one transaction; a promise of a write resolves after COMMIT, `null` means absent,
 * records are copies.
 */
export interface ApprovalStore {
	/**
	 * Asks, and appends the event that `told` makes of it. A step asks once: the approval of its id is returned as it stands. So is a
	 * pending one of the same kind and subject when `once` is set. Throws `throttled` when `maxPending` wait already.
	 */
	ask(question: Question, options: AskOptions): Promise<Approval>
	get(id: number): Promise<Approval | null>
	list(query: ApprovalQuery): Promise<readonly ApprovalEntry[]>
	/**
	 * Reads, decides and writes as one: nobody comes between. `move` may be called again, so it only computes; null leaves the approval
	 * as it is, and what it throws is thrown. The answer is the approval as it is afterwards, null when there is none of that id.
	 */
	change(id: number, move: (approval: Approval) => Move | null, onResolved?: OnResolved): Promise<Approval | null>
	/** What a server has to take up at its start, by id. */
	pending(): Promise<readonly Pick<Approval, 'id' | 'deadlineAt' | 'expiredAt' | 'startedAt'>[]>
}

export interface AskOptions {
	readonly maxPending: number
	readonly once: boolean
	told(approval: Approval): EventDraft
}
