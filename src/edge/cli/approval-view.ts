import type { ApprovalRecord, ApprovalSummary } from '../../protocol/approval.ts'
import { durationText } from './duration.ts'
import { type Style, table } from './print.ts'

type Paint = (style: Style, text: string) => string

const STYLES: { readonly [status: string]: Style } = { pending: 'cyan', approved: 'green', denied: 'yellow', failed: 'red' }

/** Approvals as a table. */
export function approvalList(approvals: readonly ApprovalSummary[], paint: Paint): string {
	if (approvals.length === 0) return 'no approvals'
	const head = ['ID', 'STATUS', 'KIND', 'SUBJECT', 'ASKED BY', 'AGE', 'GRANTS', 'NOTE'].map((title) => paint('dim', title))
	const rows = approvals.map((approval) => [
		String(approval.id),
		paint(STYLES[approval.status] ?? 'dim', statusOf(approval)),
		approval.kind,
		`${approval.subject.type} ${approval.subject.name ?? approval.subject.id}`,
		approval.requester,
		durationText(approval.age_secs * 1000),
		`${approval.grants.length} of ${approval.required}`,
		approval.note?.split('\n')[0] ?? '',
	])
	return table([head, ...rows])
}

/** One approval, with what is asked for and what is to be filled in. */
export function approvalDetail(approval: ApprovalRecord, paint: Paint): string {
	const { payload, diff, form, answer } = approval
	const facts: [string, string][] = [
		['approval', String(approval.id)],
		['status', paint(STYLES[approval.status] ?? 'dim', statusOf(approval))],
		['kind', approval.kind],
		['subject', [approval.subject.type, approval.subject.name, approval.subject.id].filter(Boolean).join(' ')],
		['asked by', approval.requester],
		['age', durationText(approval.age_secs * 1000)],
		['grants', `${approval.grants.length} of ${approval.required}${approval.grants.map(({ by }) => `, ${by}`).join('')}`],
		...fact('approvers', approval.approvers.join(', ')),
		...fact('deadline', approval.deadline_at && `${new Date(approval.deadline_at).toISOString()}, then ${approval.on_timeout}`),
		...fact('run', approval.run_id && `${approval.run_id} at ${approval.position ?? 'any place'}`),
		...fact('ended by', approval.by),
		...fact('note', approval.note),
	]
	const parts = [table(facts.map(([name, value]) => [paint('dim', name), value]))]
	for (const [name, value] of Object.entries({ payload, diff, form, answer }))
		if (value != null) parts.push(`${paint('dim', name)}\n${JSON.stringify(value, null, 2)}`)
	return parts.join('\n\n')
}

const fact = (name: string, value: string | number | null): [string, string][] => (value ? [[name, String(value)]] : [])
const statusOf = ({ status, applying }: ApprovalSummary): string => (applying ? `${status}, being applied` : status)
