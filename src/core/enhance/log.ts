import type { EnhanceLogEntry } from '../../protocol/enhance.ts'
import type { Issue, IssueOutcome } from './issue.ts'

/** What the work on an issue found, before it is known whether it counts. */
export interface Findings {
	/** Version of the Blueprint when the work began. */
	readonly prevHash: string
	readonly rationale: string
	readonly verdicts: readonly EnhanceLogEntry['verdicts'][number][]
	/** Why it was rejected, one by one; empty when applied. */
	readonly reasons: readonly string[]
}

/** The log entry of an ended issue. Whoever could not begin the work at all writes none. */
export function toLogEntry(issue: Issue, outcome: IssueOutcome, findings: Findings, now: number): EnhanceLogEntry {
	return {
		issue_id: issue.id,
		blueprint_id: issue.blueprintId,
		prev_hash: findings.prevHash,
		new_hash: outcome.status === 'applied' ? outcome.newVersion : '',
		intent: issue.intent,
		rationale: findings.rationale,
		verdicts: [...findings.verdicts],
		status: outcome.status,
		reasons: [...findings.reasons],
		ts_ms: now,
	}
}
