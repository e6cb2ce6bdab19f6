import { MseError } from '../../kernel/error.ts'
import type { RunId } from '../../kernel/id.ts'
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
	/** Of the attempt that goes on or was the last one; the run itself may not have begun. Null before the first. */
	readonly runId: RunId | null
	/** Counts from 1 at each attempt; a retry by hand begins anew. */
	readonly attempt: number
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
	const fresh = { status: 'pending', reason: null, newVersion: null, runId: null, attempt: 0 } as const
	return { id, blueprintId, intent, ...fresh, createdAt: now, updatedAt: now }
}

export function refuseUnknownIssue(id: string): never {
	throw new MseError('not_found', `issue not found: ${id}`, { code: 'unknown_issue' })
}

/** Refuses to try again what was not rejected. */
export function refuseRetry({ id, status }: Issue): never {
	throw new MseError('conflict', `Issue ${id} is ${status}; only a rejected one can be tried again.`, {
		code: 'issue_not_rejected',
		hint: status === 'applied' ? 'Post a new issue.' : `GET /v1/issues/${id} shows what becomes of it.`,
	})
}
