import { Type } from '@sinclair/typebox'
import { MseError } from '../../../kernel/error.ts'
import { type ApprovalRecord, ApproveBodySchema } from '../../../protocol/approval.ts'
import { pathId } from '../../client/client.ts'
import { decisionForm, readDecision } from '../elicitation.ts'
import { moves, ownTool } from '../tool.ts'
import { LONGEST_WAIT_SECS, waiting } from '../wait.ts'

const LONGEST_SHOWN = 2000

/** Approvals that a client's user decides in the client. */
export const elicitTools = [
	ownTool({
		name: 'mse_approval_elicit',
		description:
			'Put an approval before your user: their client shows what is asked for and the form, and what they choose is answered. Prefer it to mse_approve where your client can do it; it says so when it cannot.',
		input: Type.Object({
			id: Type.Integer({ minimum: 1, description: 'the number of an approval' }),
			by: ApproveBodySchema.properties.by,
			timeout_secs: Type.Optional(
				Type.Integer({ minimum: 1, maximum: LONGEST_WAIT_SECS, description: 'wait so long for them (default 600)' }),
			),
		}),
		hints: moves,
		async run({ id, by = 'mcp', timeout_secs = 600 }, call) {
			const { elicit } = call
			if (elicit === null) throw cannot('This client cannot ask its user.')
			const client = call.server()
			const one = client.v1.approvals(pathId(String(id)))
			const approval = await client.answer(one.get({ query: {} }))
			if (approval.status !== 'pending') return { action: 'none', approval }
			const form = decisionForm(approval.form)
			if (form === null) throw cannot('The form of this approval has more than simple fields.')
			const { action, content } = await waiting(call, timeout_secs, `your user looks at approval ${id}`, (until) =>
				elicit(question(approval), form, until),
			)
			const { isGranted, isDenied, note, answer } = readDecision(content)
			const said = { by, ...(note !== undefined && { note }) }
			if (action === 'accept' && isDenied) return { action: 'denied', approval: await client.answer(one.deny.post(said)) }
			if (action !== 'accept' || !isGranted) return { action, approval, note: 'Nothing was answered; the approval still waits.' }
			const granted = approval.form === null ? said : { ...said, answer }
			return { action: 'approved', approval: await client.answer(one.approve.post(granted)) }
		},
	}),
]

const cannot = (why: string): MseError =>
	new MseError('invalid', why, { code: 'cannot_elicit', hint: 'Show them mse_approval yourself, and answer with mse_approve or mse_deny.' })

function question({ id, kind, subject, requester, payload, diff }: ApprovalRecord): string {
	const about = JSON.stringify(diff === null ? payload : { payload, diff }, null, 2)
	const shown = about.length > LONGEST_SHOWN ? `${about.slice(0, LONGEST_SHOWN)}…` : about
	return `Approval ${id}: ${kind} of ${subject.type} ${subject.id}, asked by ${requester}.\n\n${shown}`
}
