import type { RunId } from '../../kernel/id.ts'
import type { CommitDecision } from '../../protocol/enhance.ts'
import type { Issue } from './issue.ts'

/** What the history of a Blueprint says of a change that an issue led to: why, what for, and what was found. */
export function commitMessage(change: {
	readonly issue: Issue
	readonly runId: RunId
	readonly decision: CommitDecision
	/** Null where nobody had to be asked. */
	readonly consentBy: string | null
}): string {
	const { issue, runId, decision, consentBy } = change
	const verdicts = decision.verdicts_summary.map(({ axis, status, evidence }) => `  ${axis}: ${status}${evidence ? `, ${evidence}` : ''}`)
	return [
		decision.rationale,
		'',
		`Issue ${issue.id}: ${issue.intent}`,
		`Run ${runId}`,
		...(consentBy === null ? [] : [`Approved by ${consentBy}`]),
		verdicts.length === 0 ? 'No verdicts' : 'Verdicts',
		...verdicts,
	].join('\n')
}
