import { describe, expect, test } from 'bun:test'
import { openSocket } from '../edge/http/operator-server.ts'
import { attempt, lit, seq, step } from '../support/blueprints.ts'
import { eventually } from '../support/eventually.ts'
import { startTestServer, type TestServer } from './support/server.ts'

const agents = [{ name: 'coder', kind: 'operator', spec: { operator_ref: 'main' }, profile: { system_prompt: 'You are {{ who }}.' } }]
const blueprint = {
	...{ id: 'operated', agents, operators: [{ name: 'main' }] },
	flow: attempt(step('coder', lit({ who: 'ann' }), '$.out'), seq(step('coder', lit({ who: 'second' }), '$.again')), '$.error'),
}

interface Spawn {
	readonly req_id: string
	readonly task_id: string
	readonly worker_handle: string
	readonly attempt: number
	readonly directive: string
}

const spawnsOf = (peer: Awaited<ReturnType<typeof openSocket>>) => peer.frames.filter(({ type }) => type === 'spawn') as unknown as Spawn[]

async function post(server: TestServer, route: string, body: unknown) {
	const response = await fetch(server.url + route, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(body),
	})
	return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

async function joined() {
	const server = await startTestServer()
	const { sid, token } = (await post(server, '/v1/operators', { roles: ['main'] })).body as { sid: string; token: string }
	return {
		server,
		connect: () => openSocket(`${server.url.replace('http', 'ws')}/v1/operators/${sid}/ws`, token),
		launch: (detach = false) => post(server, '/v1/tasks', { blueprint: { kind: 'inline', value: blueprint }, init_ctx: {}, detach }),
		async states(): Promise<string[]> {
			const headers = { authorization: `Bearer ${token}` }
			const answer = await (await fetch(`${server.url}/v1/operators/${sid}/requests`, { headers })).json()
			return (answer as { requests: { state: string }[] }).requests.map(({ state }) => state)
		},
		[Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
	}
}

async function started() {
	const it = await joined()
	const peer = await it.connect()
	const launched = it.launch()
	await eventually(() => spawnsOf(peer).length === 1, { what: 'the spawn arrives' })
	return { ...it, peer, launched, spawn: spawnsOf(peer)[0] as Spawn }
}

async function ended(server: TestServer, runId: unknown) {
	return eventually(
		async () => {
			const run = (await (await fetch(`${server.url}/v1/runs/${runId}`)).json()) as { status: string; result_ref: unknown }
			return run.status === 'done' || run.status === 'failed' ? run : null
		},
		{ what: 'the run ends' },
	)
}

describe('an operator step', () => {
	test('a worker fetches, submits, and the acknowledgement does not overwrite its result', async () => {
		await using it = await started()
		const { task_id, worker_handle, directive } = it.spawn
		expect(directive).toContain(`base_url: ${it.server.url}\n`)
		const headers = { authorization: `Bearer ${worker_handle}` }
		const prompt = await (await fetch(`${it.server.url}/v1/worker/prompt?task_id=${task_id}`, { headers })).json()
		expect(prompt).toMatchObject({ task_id, attempt: 1, agent: 'coder', system: 'You are ann.' })
		const submitted = await fetch(`${it.server.url}/v1/worker/submit`, { method: 'POST', headers, body: 'the work\n' })
		expect(submitted.status).toBe(204)
		it.peer.say({ type: 'spawn_ack', req_id: it.spawn.req_id, value: {}, ok: true })
		expect((await it.launched).body).toMatchObject({ status: 'done', final_ctx: { out: 'the work' } })
	})

	test('an acknowledgement alone carries the result; one with an error fails the step, which a try catches', async () => {
		await using it = await started()
		it.peer.say({ type: 'spawn_ack', req_id: it.spawn.req_id, ok: false, error: 'boom' })
		await eventually(() => spawnsOf(it.peer).length === 2, { what: 'the next step is asked for' })
		it.peer.say({ type: 'spawn_ack', req_id: spawnsOf(it.peer)[1]?.req_id, value: { x: 1 } })
		const { body } = await it.launched
		expect(body).toMatchObject({ status: 'done', final_ctx: { again: { x: 1 } } })
		expect(JSON.stringify((body.final_ctx as { error: unknown }).error)).toContain('boom')
	})

	test('a halt is a value the flow goes on with', async () => {
		await using it = await started()
		it.peer.say({ type: 'spawn_halt', req_id: it.spawn.req_id, value: 7, reason: 'enough' })
		expect((await it.launched).body).toMatchObject({ final_ctx: { out: { halted: true, reason: 'enough', value: 7 } } })
	})
})

describe('kill -9 in the middle of an operator step', () => {
	test('what the operator had read is not sent again, and its answer on a new socket ends the step', async () => {
		await using it = await joined()
		const peer = await it.connect()
		const { body } = await it.launch(true)
		await eventually(async () => (await it.states())[0] === 'delivered', { what: 'the frame is proven read' })
		await it.server.kill('SIGKILL')
		await it.server.restart()
		const next = await it.connect()
		next.say({ type: 'hello' })
		next.say({ type: 'spawn_ack', req_id: spawnsOf(peer)[0]?.req_id, value: 'after' })
		await eventually(() => next.frames.some(({ type }) => type === 'received'), { what: 'the reply is receipted' })
		expect((await ended(it.server, body.run_id)).result_ref).toMatchObject({ out: 'after' })
		expect(spawnsOf(next)).toEqual([])
	})

	test('what waited for an operator who was away comes when they are back', async () => {
		await using it = await joined()
		const { body } = await it.launch(true)
		await eventually(async () => (await it.states())[0] === 'parked', { what: 'the request waits' })
		await it.server.kill('SIGKILL')
		await it.server.restart()
		const peer = await it.connect()
		await eventually(() => spawnsOf(peer).length === 1, { what: 'the spawn arrives' })
		const { worker_handle, req_id } = spawnsOf(peer)[0] as Spawn
		const headers = { authorization: `Bearer ${worker_handle}` }
		expect((await fetch(`${it.server.url}/v1/worker/submit`, { method: 'POST', headers, body: 'late' })).status).toBe(204)
		peer.say({ type: 'spawn_ack', req_id, value: {} })
		expect((await ended(it.server, body.run_id)).result_ref).toMatchObject({ out: 'late' })
	})
})
