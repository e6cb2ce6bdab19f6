import { expect, test } from 'bun:test'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { eventually } from '../support/eventually.ts'
import { verifies } from '../support/verifies.ts'
import { runBinary } from './support/binary.ts'
import { startMcp } from './support/mcp.ts'
import { startTestServer } from './support/server.ts'

const LIMIT_MS = 60_000

const at = (path: string) => ({ op: 'path', at: path })
const step = (ref: string, input: string, out: string) => ({ kind: 'step', ref, in: at(input), out: at(out) })
/** Two steps of an operator, the second only after somebody's yes. */
const RELEASE = {
	id: 'release',
	flow: { kind: 'seq', children: [step('writer', '$.goal', '$.text'), step('publisher', '$.text', '$.published')] },
	agents: [
		{ name: 'writer', kind: 'operator', spec: { operator_ref: 'main-ai' }, profile: { system_prompt: 'Be brief.' } },
		{
			...{ name: 'publisher', kind: 'operator', spec: { operator_ref: 'main-ai' } },
			policy: {
				approve: {
					when: 'before_spawn',
					form: { type: 'object', properties: { channel: { enum: ['beta', 'stable'] } }, required: ['channel'] },
				},
			},
		},
	],
	operators: [{ name: 'main-ai' }],
	default_init_ctx: { goal: 'write the notes' },
}

test(
	'an AI client builds a Blueprint, launches it, does its steps, and a step waits for a yes with a form',
	async () => {
		verifies('05.T2', '05.T3', '05.T5', '05.T14')
		await using server = await startTestServer()
		await using mcp = await startMcp({ args: ['--url', server.url], files: { 'release.json': JSON.stringify(RELEASE) } })
		expect(mcp.client.getServerVersion()).toMatchObject({ name: 'mse-server' })
		expect(await mcp.use('bp_build', { script_path: 'release.json' })).toMatchObject({ status: 'registered', bp_id: 'release' })
		const { sid } = await mcp.use('mse_operator_join', { desc: 'the client', roles: ['main-ai'] })
		const launched = await mcp.use('swarm_run', { blueprint: { kind: 'id', id: 'release' } })
		expect(launched).toMatchObject({ status: 'running', your_requests: [{ sid, type: 'spawn' }] })
		const { run_id } = launched

		const first = await mcp.use('mse_pending_wait', { sid })
		const { worker_handle } = first.payload
		expect(await mcp.use('mse_worker_fetch', { worker_handle })).toMatchObject({ prompt: 'write the notes', system: 'Be brief.' })
		expect(await mcp.use('mse_worker_submit', { worker_handle, body: 'the notes' })).toEqual({ submitted: true })
		expect(await mcp.use('mse_ack', { sid, req_id: first.req_id, kind: 'spawn_ack' })).toEqual({ sent: true, received: true })

		expect(await mcp.use('mse_run_wait', { run_id })).toMatchObject({ phase: 'waiting_approval' })
		const { approvals } = await mcp.use('mse_approvals', { run: run_id })
		const [{ id }] = approvals
		expect((await mcp.use('mse_approval', { id })).form.required).toEqual(['channel'])
		expect(await mcp.say('mse_approve', { id, by: 'ada' })).toMatchObject({ isError: true })
		expect(await mcp.use('mse_approve', { id, by: 'ada', answer: { channel: 'beta' } })).toMatchObject({ status: 'approved' })

		const second = await mcp.use('mse_pending_wait', { sid })
		const prompt = await mcp.use('mse_worker_fetch', { worker_handle: second.payload.worker_handle })
		expect(prompt.context.approval).toMatchObject({ answer: { channel: 'beta' }, by: 'ada' })
		await mcp.use('mse_worker_submit', { worker_handle: second.payload.worker_handle, body: 'done' })
		await mcp.use('mse_ack', { sid, req_id: second.req_id, kind: 'spawn_ack' })
		expect(await mcp.use('mse_run_wait', { run_id })).toMatchObject({
			status: 'done',
			result_ref: { text: 'the notes', published: 'done' },
		})

		expect(await mcp.leave()).toEqual({ code: 0, stderr: '' })
		await eventually(async () => (await (await fetch(`${server.url}/v1/status`)).text()).includes('"attached_operators":0'), {
			what: 'the session is given up',
		})
	},
	LIMIT_MS,
)

test(
	'a kill -9 of the server between taking a request and acknowledging it loses nothing and repeats nothing',
	async () => {
		verifies('05.T4')
		await using server = await startTestServer()
		await using mcp = await startMcp({ env: { MSE_URL: server.url } })
		const { sid } = await mcp.use('mse_operator_join', { roles: ['main-ai'] })
		const { run_id } = await mcp.use('swarm_run', {
			blueprint: { ...RELEASE, agents: RELEASE.agents.map((agent) => ({ ...agent, policy: {} })) },
		})
		const taken = await mcp.use('mse_pending_wait', { sid })
		await server.kill('SIGKILL')
		expect(await mcp.say('mse_runs')).toMatchObject({
			isError: true,
			value: { code: 'unreachable', hint: expect.stringContaining('mse-server serve') },
		})
		const acknowledging = mcp.use('mse_ack', { sid, req_id: taken.req_id, kind: 'spawn_ack', value: 'written' })
		await server.restart()
		const acknowledged = await acknowledging
		const wanted = { sid, timeout_ms: 30_000 }
		const next = await mcp.use('mse_pending_wait', wanted)
		expect(next).toMatchObject({ type: 'spawn', payload: { agent: 'publisher' } })
		expect(next.req_id).not.toBe(taken.req_id)
		expect(await mcp.use('mse_pending_wait', { sid, timeout_ms: 500 })).toMatchObject({ timed_out: true })
		expect(await mcp.use('mse_ack', { sid, req_id: next.req_id, kind: 'spawn_ack', value: 'published' })).toEqual({
			sent: true,
			received: true,
		})
		expect(await mcp.use('mse_run_wait', { run_id })).toMatchObject({
			status: 'done',
			result_ref: { text: 'written', published: 'published' },
		})
		expect(acknowledged).toMatchObject({ received: expect.any(Boolean) })
		const { events } = await mcp.use('mse_events', { run: run_id, kind: 'step.dispatched' })
		expect(events).toHaveLength(2)
	},
	LIMIT_MS,
)

test(
	'six steps, with a kill -9 after every request taken, result submitted and acknowledgement sent: each is asked for once',
	async () => {
		verifies('05.T4')
		await using server = await startTestServer()
		await using mcp = await startMcp({ env: { MSE_URL: server.url } })
		const { sid } = await mcp.use('mse_operator_join', { roles: ['main-ai'] })
		const flow = { kind: 'seq', children: [1, 2, 3, 4, 5, 6].map((n) => step('writer', '$.goal', `$.text${n}`)) }
		const agents = RELEASE.agents.slice(0, 1)
		const { run_id } = await mcp.use('swarm_run', { blueprint: { ...RELEASE, flow, agents }, detach: true })
		const asked: string[] = []
		for (let n = 1; n <= 6; n++) {
			const { req_id, payload } = await mcp.use('mse_pending_wait', { sid, timeout_ms: 30_000 })
			asked.push(req_id)
			await server.restart()
			const { worker_handle } = payload
			await mcp.use('mse_worker_submit', { worker_handle, body: `text ${n}` })
			await server.restart()
			const acknowledging = mcp.use('mse_ack', { sid, req_id, kind: 'spawn_ack' })
			if (n % 2 === 0) await acknowledging
			await server.restart()
			expect(await acknowledging).toMatchObject({ received: true })
		}
		expect(await mcp.use('mse_run_wait', { run_id })).toMatchObject({ status: 'done', result_ref: { text1: 'text 1', text6: 'text 6' } })
		expect(new Set(asked).size).toBe(6)
		expect(await mcp.use('mse_pending_wait', { sid, timeout_ms: 500 })).toMatchObject({ timed_out: true })
		expect((await mcp.use('mse_events', { run: run_id, kind: 'step.dispatched' })).events).toHaveLength(6)
	},
	LIMIT_MS * 2,
)

test(
	'a session that the server forgot is told as closed, and the client joins anew',
	async () => {
		await using server = await startTestServer({ args: ['--ephemeral'] })
		await using mcp = await startMcp({ env: { MSE_HTTP: server.url } })
		const { sid } = await mcp.use('mse_operator_join', { roles: ['main-ai'] })
		await server.restart()
		const closed = async () => {
			const said = await mcp.use('mse_pending_wait', { sid, timeout_ms: 1000 }).catch((error: Error) => error.message)
			return typeof said === 'string' && said
		}
		expect(await eventually(closed, { what: 'the session is closed' })).toContain('Join anew')
		await expect(mcp.use('mse_ack', { sid, req_id: 'x', kind: 'answer' })).rejects.toThrow('is closed')
		await mcp.use('mse_operator_join', { roles: ['main-ai'] })
		expect(await mcp.use('mse_pending_wait', { timeout_ms: 0 })).toEqual({ timed_out: true })
	},
	LIMIT_MS,
)

test(
	'a wait outlives a restart of the server, tells that it goes on, and ends when it is cancelled',
	async () => {
		verifies('05.T6')
		await using server = await startTestServer()
		await using mcp = await startMcp({ args: ['--url', server.url] })
		await mcp.use('mse_operator_join', { roles: ['main-ai'] })
		const { run_id } = await mcp.use('swarm_run', { blueprint: RELEASE, detach: true })
		const frame = await mcp.use('mse_pending_wait', {})
		const told: unknown[] = []
		const waiting = mcp.use('mse_run_wait', { run_id, timeout_secs: 50 }, { onprogress: (progress) => void told.push(progress.message) })
		await eventually(() => told.length > 0, { what: 'progress is told' })
		await server.restart()
		await mcp.use('mse_ack', { req_id: frame.req_id, kind: 'spawn_ack', value: 'written' })
		expect(await waiting).toMatchObject({ phase: 'waiting_approval' })
		const stop = new AbortController()
		const cancelled = mcp.use('mse_events', { kind: 'run.done', wait_secs: 600 }, { signal: stop.signal })
		cancelled.catch(() => {})
		stop.abort('enough')
		await expect(cancelled).rejects.toThrow()
		expect((await mcp.use('mse_runs')).runs).toMatchObject([{ run_id }])
	},
	LIMIT_MS,
)

test(
	'what a Blueprint module prints does not get into the protocol',
	async () => {
		verifies('05.T7')
		await using server = await startTestServer()
		const module = `console.log('hello from the module'); export default ${JSON.stringify(RELEASE)}`
		await using mcp = await startMcp({ args: ['--url', server.url], files: { 'release.ts': module } })
		expect(await mcp.use('bp_build', { script_path: 'release.ts', register: false })).toMatchObject({ status: 'built' })
		const { script } = await mcp.use('bp_new', { template: 'script', name: 'small' })
		expect(script).toContain('small')
		expect(await mcp.use('bp_new', { template: 'script', name: 'small', out: 'small.lua' })).toMatchObject({ out: 'small.lua' })
		expect(await mcp.use('swarm_run', { blueprint: { kind: 'file', path: 'small.lua' } })).toMatchObject({ status: 'done', head: 'small' })
		const ended = await mcp.leave()
		expect(ended).toMatchObject({ code: 0, stderr: expect.stringContaining('hello from the module') })
	},
	LIMIT_MS,
)

test(
	'a signal ends it in good order, and its help says how to add it',
	async () => {
		await using server = await startTestServer()
		await using mcp = await startMcp({ args: ['--url', server.url] })
		await mcp.use('mse_operator_join', { roles: ['main-ai'] })
		mcp.kill('SIGTERM')
		expect((await mcp.leave()).code).toBe(0)
		const again = await startMcp({ args: ['--url', server.url] })
		expect(await again.use('mse_operator_join', { roles: ['main-ai'] })).toMatchObject({ roles: ['main-ai'] })
		await again[Symbol.asyncDispose]()
		const help = await runBinary(['mcp', '--help'])
		expect(help.stdout).toContain('claude mcp add mse -- mse-server mcp')
	},
	LIMIT_MS,
)

const TOKEN = 'the-admin-token-of-a-test'

async function overHttp(url: string, headers: Record<string, string> = {}) {
	const client = new Client({ name: 'e2e', version: '0' })
	await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit: { headers } }) as Transport)
	return {
		async use(name: string, given: Record<string, unknown> = {}) {
			const { content } = await client.callTool({ name, arguments: given })
			const [{ text }] = content as [{ text: string }]
			// biome-ignore lint/suspicious/noExplicitAny: tests look into answers by path
			return JSON.parse(text) as any
		},
		[Symbol.asyncDispose]: () => client.close(),
	}
}

test(
	'the running server has the same tools at /mcp, for who has the admin token and for no foreign page',
	async () => {
		verifies('05.T9')
		await using open = await startTestServer()
		await using it = await overHttp(open.url)
		expect(await it.use('swarm_run', { blueprint: { kind: 'id', id: 'main' } })).toMatchObject({ status: 'done' })
		await expect(overHttp(open.url, { origin: 'http://evil.example' })).rejects.toThrow()
		await using guarded = await startTestServer({ args: ['--admin-token', TOKEN] })
		await expect(overHttp(guarded.url)).rejects.toThrow()
		await using admin = await overHttp(guarded.url, { authorization: `Bearer ${TOKEN}` })
		const { sid } = await admin.use('mse_operator_join', { roles: ['main-ai'] })
		const { run_id } = await admin.use('swarm_run', { blueprint: RELEASE })
		const { req_id } = await admin.use('mse_pending_wait', { sid })
		expect(await admin.use('mse_ack', { sid, req_id, kind: 'spawn_ack', value: 'hi' })).toEqual({ sent: true, received: true })
		const { approvals } = await admin.use('mse_run_wait', { run_id })
		expect(await admin.use('mse_deny', { id: approvals[0].id, by: 'ada', note: 'no' })).toMatchObject({ status: 'denied' })
		expect(await admin.use('mse_run_wait', { run_id })).toMatchObject({ status: 'failed', error: { code: 'approval_denied' } })
		expect(await guarded.kill('SIGTERM')).toBe(0)
	},
	LIMIT_MS,
)
