import { Type } from '@sinclair/typebox'
import {
	ApprovalKindSchema,
	type ApprovalSchema,
	ApprovalStatusSchema,
	ApproveBodySchema,
	AskBodySchema,
	DenyBodySchema,
} from '../../../protocol/approval.ts'
import { type MseClient, pathId } from '../../client/client.ts'
import { adds, ends, looks, moves, ownTool, type ToolCall } from '../tool.ts'
import { DEFAULT_WAIT_SECS, LONGEST_WAIT_SECS, untilSeen, waiting } from '../wait.ts'

const ApprovalId = Type.Integer({ minimum: 1, description: 'the number of an approval' })
const Limit = Type.Optional(Type.Integer({ minimum: 1, maximum: 50, description: 'at most so many, 1 to 50 (default 20)' }))
const WaitSecs = Type.Optional(
	Type.Integer({
		minimum: 0,
		maximum: LONGEST_WAIT_SECS,
		description: `seconds, 0 to ${LONGEST_WAIT_SECS} (default ${DEFAULT_WAIT_SECS})`,
	}),
)
const DEFAULT_LIMIT = 20
const DEFAULT_NAME = 'mcp'

const listTool = ownTool({
	name: 'mse_approvals',
	description:
		'List approvals: questions that wait for a yes (steps held before they start, Blueprint commits, hive agents, questions of scripts). Pending ones by default, oldest first. Look one up with mse_approval, answer with mse_approve or mse_deny.',
	input: Type.Object({
		status: Type.Optional(
			Type.Union([ApprovalStatusSchema, Type.Literal('all')], {
				description: 'pending (default), approved, denied, failed or all: pending first',
			}),
		),
		kind: Type.Optional(ApprovalKindSchema),
		run: Type.Optional(Type.String({ description: 'only of this run' })),
		after: Type.Optional(Type.Integer({ minimum: 0, description: '`next` of the page before' })),
		limit: Limit,
	}),
	hints: looks,
	async run({ status = 'pending', kind, run, after, limit = DEFAULT_LIMIT }, call) {
		const client = call.server()
		const filter = { ...(kind && { kind }), ...(run !== undefined && { run }), limit }
		const list = (query: object) => client.answer(client.v1.approvals.get({ query: { ...filter, ...query } }))
		const from = after === undefined ? {} : { after }
		if (status !== 'all') return list({ status, ...from })
		const page = await list(from)
		if (after !== undefined) return page
		const { approvals: pending } = await list({ status: 'pending' })
		return { ...page, pending, approvals: page.approvals.filter((approval) => approval.status !== 'pending') }
	},
})

const showTool = ownTool({
	name: 'mse_approval',
	description: 'Show an approval whole: what is asked for (payload), the diff, and the form (a JSON Schema) that an answer has to fit.',
	input: Type.Object({ id: ApprovalId }),
	hints: looks,
	run: async ({ id }, call) => readApproval(call.server(), id),
})

const approveTool = ownTool({
	name: 'mse_approve',
	description:
		'Grant an approval: what waited goes on. Decide only what your user lets you decide. With a form, `answer` has to fit it (see mse_approval). A repeat of a granted one is refused with its status.',
	input: Type.Object({
		id: ApprovalId,
		answer: Type.Optional(Type.Unknown({ description: 'what the form asks for' })),
		note: ApproveBodySchema.properties.note,
		by: ApproveBodySchema.properties.by,
	}),
	hints: moves,
	async run({ id, by = DEFAULT_NAME, ...body }, call) {
		const client = call.server()
		return client.answer(client.v1.approvals(numbered(id)).approve.post({ by, ...body }))
	},
})

const denyTool = ownTool({
	name: 'mse_deny',
	description: 'Deny an approval: the step fails with your note, the commit or the agent does not come to be.',
	input: Type.Object({ id: ApprovalId, note: DenyBodySchema.properties.note, by: DenyBodySchema.properties.by }),
	hints: ends,
	async run({ id, by = DEFAULT_NAME, ...body }, call) {
		const client = call.server()
		return client.answer(client.v1.approvals(numbered(id)).deny.post({ by, ...body }))
	},
})

const askTool = ownTool({
	name: 'mse_approval_ask',
	description:
		'Ask people a question of your own and go on with other work; mse_approval_wait gives the answer. `form` is a JSON Schema of the answer.',
	input: Type.Object({
		question: Type.String({ minLength: 1, description: 'what is asked, as the people who decide will read it' }),
		subject: Type.Optional(AskBodySchema.properties.subject),
		payload: Type.Optional(Type.Unknown({ description: 'more for them to look at' })),
		requester: AskBodySchema.properties.requester,
		required: AskBodySchema.properties.required,
		approvers: AskBodySchema.properties.approvers,
		deadline_ms: AskBodySchema.properties.deadline_ms,
		on_timeout: AskBodySchema.properties.on_timeout,
		form: AskBodySchema.properties.form,
	}),
	hints: adds,
	async run({ question, subject = { type: 'question', id: 'mcp' }, payload, requester = DEFAULT_NAME, ...rest }, call) {
		const client = call.server()
		const asked = payload === undefined ? { question } : { question, about: payload }
		return client.answer(client.v1.approvals.post({ subject, payload: asked, requester, ...rest }))
	},
})

const waitTool = ownTool({
	name: 'mse_approval_wait',
	description:
		'Wait until an approval was answered; without an id, until the next one is asked for. `timed_out` says that nothing came: call again.',
	input: Type.Object({ id: Type.Optional(ApprovalId), timeout_secs: WaitSecs }),
	hints: looks,
	run: async ({ id, timeout_secs = DEFAULT_WAIT_SECS }, call) =>
		id === undefined ? waitForNext(call, timeout_secs) : waitForEnd(call, id, timeout_secs),
})

export const approvalTools = [listTool, showTool, approveTool, denyTool, askTool, waitTool]

async function waitForEnd(call: ToolCall, id: number, secs: number) {
	const client = call.server()
	const first = await readApproval(client, id)
	if (first.status !== 'pending' || secs === 0) return { timed_out: first.status === 'pending', approval: first }
	const { clock } = call
	let seen = first
	await waiting(call, secs, `approval ${id} waits`, (until) =>
		untilSeen(client, { clock, until, filter: { kind: 'approval.' } }, async () => {
			seen = await readApproval(client, id)
			return seen.status !== 'pending'
		}),
	)
	return { timed_out: seen.status === 'pending', approval: seen }
}

/** One that is pending already is the next one. */
async function waitForNext(call: ToolCall, secs: number) {
	const { clock } = call
	const client = call.server()
	const pending = async () =>
		(await client.answer(client.v1.approvals.get({ query: { status: 'pending', limit: DEFAULT_LIMIT } }))).approvals
	let found = await pending()
	if (found.length === 0 && secs > 0)
		await waiting(call, secs, 'no approval is asked for', (until) =>
			untilSeen(client, { clock, until, filter: { kind: 'approval.requested' } }, async () => {
				found = await pending()
				return found.length > 0
			}),
		)
	return { timed_out: found.length === 0, approvals: found }
}

function readApproval(client: MseClient, id: number): Promise<(typeof ApprovalSchema)['static']> {
	return client.answer(client.v1.approvals(numbered(id)).get({ query: {} }))
}

const numbered = (id: number) => pathId(String(id))
