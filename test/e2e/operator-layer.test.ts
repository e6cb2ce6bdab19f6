import { describe, expect, test } from 'bun:test'
import type { JsonObject } from '../../src/kernel/json.ts'
import { type AppWorld, appWorld } from '../support/app-world.ts'
import { blueprintOf, lit, step } from '../support/blueprints.ts'
import { eventually } from '../support/eventually.ts'
import { tempDir } from '../support/temp-dir.ts'
import { departs, verifies } from '../support/verifies.ts'

const hinted = (fn: string, ...layers: string[]) => blueprintOf(step(fn, lit('go'), '$.a'), [fn], { spawner_hints: { layers } })
const OPERATOR_AGENT = { name: 'coder', kind: 'operator', spec: { operator_ref: 'boss' } }
const withOperator = (over: JsonObject = {}) => ({
	...{ id: 'test', flow: step('coder', lit('go'), '$.a'), agents: [OPERATOR_AGENT], operators: [{ name: 'boss' }] },
	...over,
})

async function operated(world: AppWorld, roles: readonly string[] = []) {
	const operator = await world.join(roles)
	return { ...operator, client: await world.connect(operator) }
}

describe('main_ai over HTTP and WebSocket', () => {
	test('the operator is asked before, lets it go on, and is told afterwards', async () => {
		verifies('04.41', '04.43')
		await using world = await appWorld()
		const { sid, client } = await operated(world)
		const launched = world.launch(hinted('identity', 'main_ai'), { operator: { kind: 'main_ai', spawn_hook_id: sid } })
		const before = await client.next('hook_before')
		expect(before).toEqual({ type: 'hook_before', req_id: before.req_id, task_id: before.task_id, agent: 'identity', attempt: 1 })
		client.say({ type: 'hook_ack', req_id: before.req_id, ok: true })
		expect((await launched).status).toBe(200)
		const after = await client.next('hook_after')
		expect(after).toMatchObject({ task_id: before.task_id, agent: 'identity', attempt: 1, parent_req_id: before.req_id })
		expect(after.result).toMatchObject({ agent: 'identity' })
	})

	test('a rejection is 400 with the reason, and what it was about never ran', async () => {
		verifies('04.41', '04.91')
		await using world = await appWorld()
		const { sid, client } = await operated(world)
		const launched = world.launch(hinted('identity', 'main_ai'), { operator: { kind: 'composite', spawn_hook_id: sid } })
		const { req_id } = await client.next('hook_before')
		client.say({ type: 'hook_ack', req_id, ok: false, reason: 'not now' })
		const { status, body } = await launched
		expect([status, JSON.stringify(body)]).toEqual([400, expect.stringContaining('spawn rejected by middleware: not now')])
		expect(client.frames).toEqual([])
	})

	test('an absent operator gets the question when it comes', async () => {
		departs('04.47')
		await using world = await appWorld()
		const operator = await world.join(['boss'])
		const launched = world.launch(hinted('identity', 'main_ai'), { operator: { kind: 'main_ai', spawn_hook_id: 'boss' } })
		await eventually(async () => (await world.eventsOf('request.parked')).length === 1, { what: 'the parked question' })
		const client = await world.connect(operator)
		const { req_id } = await client.next('hook_before')
		client.say({ type: 'hook_ack', req_id, ok: true })
		expect((await launched).status).toBe(200)
	})

	test('an unknown hook is left out', async () => {
		verifies('04.22')
		await using world = await appWorld()
		const { status } = await world.launch(hinted('identity', 'main_ai'), { operator: { kind: 'main_ai', spawn_hook_id: 'nobody' } })
		expect(status).toBe(200)
		expect(await world.eventsOf('run.warned')).toMatchObject([{ data: { code: 'unknown_face', registry: 'spawn hook', id: 'nobody' } }])
	})
})

describe('senior_escalation over HTTP and WebSocket', () => {
	test('a blocked step of an operator is asked about within its spawn, and upgraded by the answer', async () => {
		departs('04.44')
		await using world = await appWorld()
		const { sid, client } = await operated(world, ['boss'])
		const blueprint = withOperator({ spawner_hints: { layers: ['senior_escalation'] } })
		const launched = world.launch(blueprint, { operator: { senior_bridge_id: sid } })
		const spawn = await client.next('spawn')
		client.say({ type: 'spawn_ack', req_id: spawn.req_id, value: 'doubt', ok: false })
		const ask = await client.next('ask')
		expect(ask).toMatchObject({
			parent_req_id: spawn.req_id,
			task_id: spawn.task_id,
			question: { reason: 'worker reported ok=false', value: 'doubt' },
		})
		client.say({ type: 'answer', req_id: ask.req_id, value: 'it will do' })
		const { status, body } = await launched
		expect([status, body.final_ctx]).toEqual([200, { a: { original: 'doubt', senior_answer: 'it will do' } }])
	})

	test('a refusal keeps the step blocked', async () => {
		departs('04.44')
		await using world = await appWorld()
		const { sid, client } = await operated(world)
		const launched = world.launch(hinted('fail', 'senior_escalation'), { operator: { senior_bridge_id: sid } })
		const { req_id } = await client.next('ask')
		client.say({ type: 'answer', req_id, value: { verdict: 'reject', reason: 'no' } })
		const { status, body } = await launched
		expect([status, JSON.stringify(body)]).toEqual([400, expect.stringContaining('blocked: ')])
	})

	test('the question outlives the server under its id', async () => {
		departs('04.26')
		using folder = tempDir()
		const first = await appWorld({ dir: folder.path })
		const operator = await first.join()
		const launched = await first.launch(hinted('fail', 'senior_escalation'), {
			operator: { senior_bridge_id: operator.sid },
			detach: true,
		})
		const client = await first.connect(operator)
		const asked = await client.next('ask')
		await first[Symbol.asyncDispose]()

		await using second = await appWorld({ dir: folder.path })
		const again = await second.connect(operator)
		again.say({ type: 'answer', req_id: asked.req_id, value: 'yes' })
		const path = `/v1/runs/${launched.body.run_id}`
		const run = await eventually(
			async () => {
				const { body } = await second.call('GET', path)
				return body.status === 'done' ? body : null
			},
			{ what: 'the end of the run' },
		)
		expect(run.result_ref).toMatchObject({ a: { senior_answer: 'yes' } })
		expect(await second.eventsOf('request.answered')).toHaveLength(1)
	})
})

test('operator_delegate: a launch of 0.1.0 hands the spawn to the operator it pins, whose worker posts the result', async () => {
	verifies('04.45')
	departs('04.39')
	await using world = await appWorld()
	const { sid, client } = await operated(world)
	const launched = world.launch(hinted('identity', 'operator_delegate'), { operator_sid: sid })
	const spawn = await client.next('spawn')
	const bearer = { authorization: `Bearer ${spawn.worker_handle}` }
	const prompt = await world.call('GET', `/v1/worker/prompt?task_id=${spawn.task_id}`, undefined, bearer)
	expect([prompt.body.prompt, 'system' in prompt.body]).toEqual(['go', false])
	expect((await world.call('POST', '/v1/worker/submit', 'posted', bearer)).status).toBe(204)
	client.say({ type: 'spawn_ack', req_id: spawn.req_id, value: 'ignored', ok: false })
	const { status, body } = await launched
	expect([status, body.final_ctx]).toEqual([200, { a: 'posted' }])
})

test('an asynchronous audit by an operator is submitted after its run has failed', async () => {
	verifies('04.84')
	await using world = await appWorld()
	const { client } = await operated(world, ['boss'])
	const blueprint = withOperator({
		flow: step('fail', lit('no'), '$.a'),
		agents: [{ name: 'fail', kind: 'rust_fn', spec: { fn_id: 'fail' } }, OPERATOR_AGENT],
		audits: [{ agent: 'coder' }],
	})
	expect((await world.launch(blueprint)).status).toBe(400)
	const spawn = await client.next('spawn')
	const bearer = { authorization: `Bearer ${spawn.worker_handle}` }
	const prompt = await world.call('GET', `/v1/worker/prompt?task_id=${spawn.task_id}`, undefined, bearer)
	expect(JSON.parse(prompt.body.prompt)).toMatchObject({ kind: 'after_run_audit', step_ref: 'fail', ok: false, final_value: 'no' })
	expect((await world.call('POST', '/v1/worker/submit', 'I saw it', bearer)).status).toBe(204)
	client.say({ type: 'spawn_ack', req_id: spawn.req_id })
	await eventually(async () => (await world.eventsOf('step.audited')).length === 1, { what: 'the audit' })
	expect((await world.call('GET', '/v1/data/audit:fail')).body.event).toMatchObject({ name: 'audit:fail', content: { value: 'I saw it' } })
})
