import { expect, test } from 'bun:test'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { type AppWorld, appWorld } from '../../support/app-world.ts'
import { eventually } from '../../support/eventually.ts'
import { verifies } from '../../support/verifies.ts'
import { gated, oneStep, seated, toolsOf, withMain } from './mcp-world.ts'

const TOKEN = 'the-admin-token-of-a-test'

async function httpClient(app: Pick<AppWorld, 'url'>, headers: Record<string, string> = {}) {
	const transport = new StreamableHTTPClientTransport(new URL(`${app.url}/mcp`), { requestInit: { headers } })
	const client = new Client({ name: 'test', version: '0' })
	await client.connect(transport as Transport)
	return { client, transport, ...toolsOf(client), [Symbol.asyncDispose]: () => client.close() }
}

const INITIALIZE = {
	jsonrpc: '2.0',
	id: 1,
	method: 'initialize',
	params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'x', version: '0' } },
}
const ACCEPT = { accept: 'application/json, text/event-stream' }

test('the same tools work over Streamable HTTP, with progress and cancellation', async () => {
	await using app = await appWorld()
	await using it = await httpClient(app)
	expect((await it.client.listTools()).tools.map(({ name }) => name)).toContain('mse_approve')
	const { sid } = await it.use('mse_operator_join', { roles: ['main'] })
	const { run_id } = await it.use('swarm_run', { blueprint: oneStep(seated, withMain) })
	const { req_id } = await it.use('mse_pending_wait', { sid })
	expect(await it.use('mse_ack', { req_id, kind: 'spawn_ack', value: 'hi' })).toEqual({ sent: true, received: true })
	expect(await it.use('mse_run_wait', { run_id })).toMatchObject({ status: 'done', result_ref: { done: 'hi' } })
	const told: unknown[] = []
	const stop = new AbortController()
	const waiting = it.use(
		'mse_approval_wait',
		{ timeout_secs: 600 },
		{ signal: stop.signal, onprogress: (progress) => void told.push(progress) },
	)
	waiting.catch(() => {})
	await eventually(() => told.length > 0, { what: 'progress is told' })
	stop.abort('enough')
	await expect(waiting).rejects.toThrow()
	expect(await it.use('mse_runs')).toMatchObject({ runs: [{ run_id }] })
})

test('sessions do not see one another, and one that ends gives up what it joined', async () => {
	await using app = await appWorld()
	await using one = await httpClient(app)
	await using two = await httpClient(app)
	const { sid } = await one.use('mse_operator_join', { roles: ['main'] })
	await expect(two.use('mse_pending_wait', { sid, timeout_ms: 0 })).rejects.toThrow('was not joined here')
	await one.transport.terminateSession()
	expect(await two.use('mse_operator_join', { roles: ['main'] })).toMatchObject({ roles: ['main'] })
	await expect(one.use('mse_runs')).rejects.toThrow()
})

test('the admin token guards it, and is what its tools work with', async () => {
	verifies('05.T9')
	await using app = await appWorld({ flags: { 'admin-token': TOKEN } })
	await expect(httpClient(app)).rejects.toThrow()
	await expect(httpClient(app, { authorization: 'Bearer wrong' })).rejects.toThrow()
	await using it = await httpClient(app, { authorization: `Bearer ${TOKEN}` })
	await app.call(
		'POST',
		'/v1/tasks',
		{ blueprint: { kind: 'inline', value: oneStep(gated) }, init_ctx: {}, detach: true },
		{ authorization: `Bearer ${TOKEN}` },
	)
	const { approvals } = await it.use('mse_approval_wait', { timeout_secs: 10 })
	expect(await it.use('mse_approve', { id: approvals[0].id, answer: { tier: 'a' } })).toMatchObject({ status: 'approved' })
	expect((await it.use('mse_workers')).workers).toEqual([])
	const stolen = await app.call('POST', '/mcp', INITIALIZE, { ...ACCEPT, 'mcp-session-id': it.transport.sessionId ?? '' })
	expect(stolen.status).toBe(401)
})

test('a foreign page, another server and files are out of reach', async () => {
	verifies('05.T9', '05.T10')
	await using app = await appWorld()
	for (const headers of [{ origin: 'http://evil.example' }, { host: 'evil.example' }])
		expect((await app.call('POST', '/mcp', INITIALIZE, { ...ACCEPT, ...headers })).status).toBe(403)
	await using it = await httpClient(app)
	await expect(it.use('mlua_swarm_server_status', { bind: '127.0.0.1:9' })).rejects.toThrow('only this server')
	await expect(it.use('mse_worker_fetch', { worker_handle: 'wh-1', base_url: 'http://127.0.0.1:9', task_id: 'ST-1' })).rejects.toThrow(
		'only this server',
	)
	await expect(it.use('bp_build', { script_path: 'a.lua' })).rejects.toThrow('not over HTTP')
	expect((await it.use('mlua_swarm_server_status', { bind: new URL(app.url).host })).up).toBe(true)
})

test('what is no MCP is refused without leaving anything behind', async () => {
	await using app = await appWorld()
	expect(await app.call('POST', '/mcp', { jsonrpc: '2.0', id: 1, method: 'tools/list' }, ACCEPT)).toMatchObject({ status: 400 })
	expect(await app.call('POST', '/mcp', 'no json', { ...ACCEPT, 'content-type': 'application/json' })).toMatchObject({ status: 400 })
	expect(await app.call('POST', '/mcp', INITIALIZE, { ...ACCEPT, 'mcp-session-id': 'unknown' })).toMatchObject({
		...{ status: 404, body: { code: 'unknown_mcp_session' } },
	})
	expect((await app.call('PUT', '/mcp')).status).toBe(405)
	expect((await app.call('GET', '/mcp', undefined, { accept: 'text/event-stream' })).status).toBe(400)
})

test('an open session does not keep the server from stopping', async () => {
	const app = await appWorld({ flags: { 'drain-secs': '1' } })
	await using it = await httpClient(app)
	await it.use('mse_operator_join')
	const began = performance.now()
	await app[Symbol.asyncDispose]()
	expect(performance.now() - began).toBeLessThan(15_000)
})
