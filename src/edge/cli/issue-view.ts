import type { EnhanceLogEntry, GetIssueResponse } from '../../protocol/enhance.ts'
import { type Style, table } from './print.ts'

type Paint = (style: Style, text: string) => string

const STYLES: { readonly [word: string]: Style } = { applied: 'green', pass: 'green', in_flight: 'cyan', rejected: 'red', deny: 'red' }
const SHORT_HASH = 12
const LONGEST_INTENT = 60

/** Issues as a table. */
export function issueList(issues: readonly GetIssueResponse[], paint: Paint): string {
	const head = ['ISSUE', 'STATUS', 'BLUEPRINT', 'INTENT', 'RUN'].map((title) => paint('dim', title))
	const rows = issues.map(({ issue_id, status, blueprint_id, intent, run_id, interrupted }) => [
		issue_id,
		interrupted === undefined ? painted(status, paint) : paint('yellow', 'interrupted'),
		blueprint_id ?? '',
		shortened(intent ?? ''),
		run_id ?? '',
	])
	return issues.length === 0 ? 'no issues' : table([head, ...rows])
}

/** One issue; `entry` is what was found when it was worked on. */
export function issueDetail(issue: GetIssueResponse, entry: EnhanceLogEntry | null, paint: Paint): string {
	const run = issue.run_id === null ? [] : [['run', `${issue.run_id}${issue.attempt > 1 ? `, attempt ${issue.attempt}` : ''}`]]
	const facts = [
		['issue', issue.issue_id],
		['status', painted(issue.status, paint)],
		['blueprint', issue.blueprint_id ?? ''],
		['intent', issue.intent ?? ''],
		...run,
		...(issue.interrupted === undefined ? [] : [['interrupted', issue.interrupted]]),
		...(issue.reason === null ? [] : [['reason', issue.reason]]),
		...(issue.new_version === null ? [] : [['version', issue.new_version.slice(0, SHORT_HASH)]]),
		...(entry?.rationale ? [['rationale', entry.rationale]] : []),
	]
	const parts = [table(facts.map(([name = '', ...rest]) => [paint('dim', name), ...rest]))]
	return [...parts, ...(entry === null || entry.verdicts.length === 0 ? [] : [verdictTable(entry, paint)])].join('\n\n')
}

function verdictTable({ verdicts }: EnhanceLogEntry, paint: Paint): string {
	const head = ['AXIS', 'VERDICT', 'DETAIL'].map((title) => paint('dim', title))
	return table([head, ...verdicts.map(({ axis, status, detail }) => [axis, painted(status, paint), detail])])
}

const painted = (word: string, paint: Paint): string => paint(STYLES[word] ?? 'dim', word)

function shortened(intent: string): string {
	const [line = ''] = intent.split('\n')
	return line.length > LONGEST_INTENT ? `${line.slice(0, LONGEST_INTENT - 1)}…` : line
}
