import { expect, test } from 'bun:test'
import { type ElicitRequest, ElicitRequestSchema, type ElicitResult } from '@modelcontextprotocol/sdk/types.js'
import { decisionForm } from '../../../src/edge/mcp/elicitation.ts'
import { verifies } from '../../support/verifies.ts'
import { gated, mcpClient, mcpWorld, oneStep } from './mcp-world.ts'

/** A server with a run that waits for a yes, and a client whose user does that with forms. */
async function elicitWorld(user: (asked: ElicitRequest['params']) => ElicitResult) {
	const it = await mcpWorld()
	const own = await mcpClient({ url: it.app.url, capabilities: { elicitation: {} } })
	own.client.setRequestHandler(ElicitRequestSchema, ({ params }) => user(params))
	const { run_id } = (await it.app.launch(oneStep(gated), { detach: true })).body
	const { approvals } = await it.use('mse_approval_wait', { timeout_secs: 10 })
	return {
		...{ it, own, run_id: String(run_id), id: Number(approvals[0].id) },
		async [Symbol.asyncDispose]() {
			await own.close()
			await it[Symbol.asyncDispose]()
		},
	}
}

test('the user of a client decides, in a form made of that of the approval', async () => {
	verifies('05.T15')
	const asked: ElicitRequest['params'][] = []
	await using world = await elicitWorld((params) => {
		asked.push(params)
		return { action: 'accept', content: { decision: 'approve', tier: 'b', note: 'go on' } }
	})
	expect(await world.own.use('mse_approval_elicit', { id: world.id, by: 'ada' })).toMatchObject({
		action: 'approved',
		approval: { status: 'approved', by: 'ada', note: 'go on', answer: { tier: 'b' } },
	})
	expect(asked).toMatchObject([
		{
			message: expect.stringContaining('step_spawn of step'),
			requestedSchema: {
				properties: { decision: { enum: ['approve', 'deny'] }, tier: { type: 'string', enum: ['a', 'b'] } },
				required: ['decision'],
			},
		},
	])
	expect(await world.it.use('mse_run_wait', { run_id: world.run_id })).toMatchObject({ status: 'done' })
	expect(await world.own.use('mse_approval_elicit', { id: world.id })).toMatchObject({ action: 'none', approval: { status: 'approved' } })
})

test('a user may deny, or leave it undecided', async () => {
	const answers: ElicitResult[] = [{ action: 'decline' }, { action: 'accept', content: { decision: 'deny', note: 'no' } }]
	await using world = await elicitWorld(() => answers.shift() ?? { action: 'cancel' })
	expect(await world.own.use('mse_approval_elicit', { id: world.id })).toMatchObject({ action: 'decline', approval: { status: 'pending' } })
	expect(await world.own.use('mse_approval_elicit', { id: world.id })).toMatchObject({
		action: 'denied',
		approval: { status: 'denied', note: 'no' },
	})
})

test('a client that cannot ask is told what to do instead', async () => {
	await using world = await elicitWorld(() => ({ action: 'cancel' }))
	expect(await world.it.say('mse_approval_elicit', { id: world.id })).toMatchObject({
		isError: true,
		value: { code: 'cannot_elicit', hint: expect.stringContaining('mse_approve') },
	})
})

test('a form of more than simple fields, or with fields like ours, is not shown in part', () => {
	expect(decisionForm(null)?.properties).toMatchObject({ decision: {}, note: {} })
	const fields = { n: { type: 'integer', minimum: 1 }, ok: { type: 'boolean', title: 'OK?' }, text: { type: 'string', pattern: 'x' } }
	expect(decisionForm({ type: 'object', properties: fields })?.properties).toMatchObject({
		...{ n: { type: 'integer', minimum: 1 }, ok: { type: 'boolean', title: 'OK?' }, text: { type: 'string' } },
	})
	for (const field of [{ type: 'object' }, { type: 'array' }, { enum: [1, 2] }, {}, true])
		expect(decisionForm({ type: 'object', properties: { field } })).toBeNull()
	expect(decisionForm({ type: 'object', properties: { note: { type: 'string' } } })).toBeNull()
	expect(decisionForm({ type: 'boolean' })).toBeNull()
})
