import { MseError } from '../../kernel/error.ts'
import type { IssueStatus, PostIssueRequest } from '../../protocol/enhance.ts'

/** A wish about a Blueprint, in words. `in_flight` while somebody works on it; `applied` and `rejected` are final. */
export interface Issue {
	readonly id: string
	readonly blueprintId: string
	readonly intent: string
	readonly status: IssueStatus
	/** Why it was rejected; null otherwise. */
	readonly reason: string | null
	/** The version it led to; null unless applied. */
	readonly newVersion: string | null
	readonly createdAt: number
	readonly updatedAt: number
}

/** How work on an issue ended. */
export type IssueOutcome =
	| { readonly status: 'applied'; readonly newVersion: string }
	| { readonly status: 'rejected'; readonly reason: string }

/** Throws `malformed` for an intent that says nothing. */
export function newIssue({ blueprint_id: blueprintId, intent }: PostIssueRequest, id: string, now: number): Issue {
	if (intent.trim() === '') throw new MseError('malformed', 'intent must be non-empty', { code: 'blank_intent' })
	return { id, blueprintId, intent, status: 'pending', reason: null, newVersion: null, createdAt: now, updatedAt: now }
}
