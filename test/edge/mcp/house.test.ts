import { expect, test } from 'bun:test'
import { askPatiently } from '../../../src/edge/client/patient-socket.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import { eventually } from '../../support/eventually.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { verifies } from '../../support/verifies.ts'
import { gated, identity, mcpClient, mcpWorld, oneStep, seated, withMain } from './mcp-world.ts'

test('a long-lived worker is created, told, read and ended', async () => {
	await using it = await mcpWorld()
	expect((await it.use('mse_workers')).profiles.map(({ name }: { name: string }) => name)).toContain('builtin:echo')
	const { worker } = await it.use('mse_worker_create', { profile: 'builtin:echo', name: 'parrot', input: 'hello' })
	const id = worker.worker_id
	const spoken = async (lines: number) => {
		const { items, total_items } = await it.use('mse_worker_transcript', { id, limit: 10 })
		return total_items >= lines && items
	}
	expect(await eventually(() => spoken(2), { what: 'the worker answers' })).toMatchObject([
		{ role: 'user', content: 'hello' },
		{ role: 'assistant' },
	])
	await it.use('mse_worker_input', { id, content: 'again' })
	await eventually(() => spoken(4), { what: 'the worker answers again' })
	expect((await it.use('mse_worker_transcript', { id, start: 0, limit: 1 })).next_start).toBe(1)
	expect((await it.use('mse_worker', { id })).worker).toMatchObject({ display_name: 'parrot', status: 'running' })
	expect((await it.use('mse_worker_end', { id, how: 'stop' })).ack.status).toBe('stopped')
	expect((await it.use('mse_workers', { status: 'stopped' })).workers).toHaveLength(1)
	expect(await it.say('mse_worker', { id: 'worker-ffffffff' })).toMatchObject({ isError: true })
})

test('issues are posted, listed and shown', async () => {
	await using it = await mcpWorld()
	const { issue_id } = await it.use('mse_issue_post', { blueprint: 'main', intent: 'Be kinder.' })
	expect((await it.use('mse_issues', { status: 'pending' })).issues).toMatchObject([{ issue_id, blueprint_id: 'main' }])
	expect(await it.use('mse_issue', { id: issue_id })).toMatchObject({ intent: 'Be kinder.', log: null })
	expect(await it.say('mse_issue_retry', { id: issue_id })).toMatchObject({ isError: true })
})

test('agents of the hive are made, written to, and their messages read', async () => {
	using folder = tempDir()
	const flags = { 'hive-enabled': 'true', 'hive-run-dir': `${folder.path}/run`, 'hive-state-dir': `${folder.path}/state` }
	await using it = await mcpWorld({ flags })
	expect(await it.use('mse_hive_spawn', { name: 'alice' })).toMatchObject({ name: 'alice', state: 'running' })
	expect((await it.use('mse_hive_agents')).agents).toMatchObject([{ name: 'alice' }])
	expect(await it.use('mse_hive_send', { to: 'alice', body: 'hello' })).toMatchObject({ from: 'operator', to: 'alice' })
	expect(await it.use('mse_hive_agent', { name: 'alice' })).toMatchObject({ unread: 1, log: expect.any(String) })
	expect(await it.use('mse_hive_recv')).toMatchObject({ messages: [], more: false })
	const waiting = it.use('mse_hive_recv', { wait_secs: 10 })
	const alice = { path: `${folder.path}/run/agents/alice/mcp.sock`, clock: systemClock }
	await askPatiently(alice, { cmd: 'send', to: 'operator', body: 'done' }, { mayRepeat: false })
	const { messages } = await waiting
	expect(messages).toMatchObject([{ from: 'alice', body: 'done' }])
	expect(await it.use('mse_hive_recv', { read: [messages[0].id] })).toMatchObject({ messages: [] })
	expect((await it.use('mse_hive_move', { name: 'alice', to: 'pause' })).paused).toBe(true)
	expect((await it.use('mse_hive_move', { name: 'alice', to: 'stop' })).state).toBe('stopped')
	expect(await it.use('mse_hive_destroy', { name: 'alice', purge: true })).toEqual({ name: 'alice', purged: true })
	expect(await it.say('mse_hive_send', { to: 'nobody', body: 'x' })).toMatchObject({ isError: true })
}, 20_000)

test('without a hive its tools say so', async () => {
	await using it = await mcpWorld()
	expect(await it.say('mse_hive_agents')).toMatchObject({ isError: true, value: { code: 'no_agents' } })
})

test('everything that waits is told, with whom it waits for', async () => {
	await using it = await mcpWorld()
	expect((await it.use('mse_waiting')).requests).toContain('mse_operator_join')
	const { sid } = await it.use('mse_operator_join', { roles: ['main'] })
	const { run_id } = await it.use('swarm_run', { blueprint: oneStep(seated, withMain), detach: true })
	const asks = (await it.app.launch(oneStep(gated), { detach: true })).body.run_id
	const told = await eventually(
		async () => {
			const now = await it.use('mse_waiting')
			return now.approvals.length === 1 && now.requests.length === 1 && now.your_requests.length === 1 && now
		},
		{ what: 'both wait' },
	)
	expect(told).toMatchObject({
		approvals: [{ run_id: asks }],
		requests: [{ run_id, kind: 'spawn', op: sid, slot: 'main' }],
		your_requests: [{ sid, type: 'spawn' }],
	})
	expect(told.runs.map((run: { phase: string }) => run.phase)).toEqual(['waiting_approval'])
	await it.use('mse_server_pause', { reason: 'a look around' })
	expect(await it.use('mse_waiting')).toMatchObject({ server_paused: { reason: 'a look around' } })
	expect(await it.use('mlua_swarm_server_status')).toMatchObject({ up: true, ready: false, reasons: [expect.stringContaining('paused')] })
	expect(await it.use('mse_server_resume')).toEqual({ paused: false })
})

test('the doctor and the server tools say how it is and what to do, and do nothing themselves', async () => {
	await using it = await mcpWorld()
	const { run_id } = await it.use('swarm_run', { blueprint: oneStep(identity) })
	expect(await it.use('mse_doctor')).toMatchObject({
		mse_mcp: { launched_runs: 1, sessions: [] },
		mlua_swarm_server: { up: true, bind: it.app.url, doctor: { registered_blueprint_ids: ['main'] } },
		runs: [{ run_id, status: 'done', degradations: 0 }],
	})
	expect(await it.use('mlua_swarm_server_start')).toEqual({ status: 'already_running', bind: it.app.url })
	await it.use('mse_operator_join')
	expect(await it.use('mlua_swarm_server_shutdown')).toMatchObject({
		stopped: false,
		refused: true,
		attached_operators: 1,
		how: expect.stringContaining('SIGTERM'),
	})
	expect(await it.use('mlua_swarm_server_restart', { force: true })).toMatchObject({ refused: false })
	expect((await it.use('mlua_swarm_server_status')).up).toBe(true)
})

test('with the server down every tool says what to do, and finds it when it is there', async () => {
	verifies('05.T8')
	const gone = await mcpClient({ url: 'http://127.0.0.1:9' })
	expect(await gone.say('mse_runs')).toMatchObject({
		isError: true,
		value: { code: 'unreachable', hint: expect.stringContaining('mse-server serve') },
	})
	await expect(gone.use('mse_operator_join')).rejects.toThrow('mse-server serve')
	expect(await gone.use('swarm_run', { blueprint: { kind: 'id', id: 'main' } })).toMatchObject({ status: 'failed', code: 'unreachable' })
	expect(await gone.use('mlua_swarm_server_status')).toMatchObject({ up: false, how: expect.stringContaining('mse-server serve') })
	expect(await gone.use('mlua_swarm_server_start')).toMatchObject({ status: 'not_running' })
	expect(await gone.use('mse_doctor')).toMatchObject({ mlua_swarm_server: { up: false } })
	await gone.close()
})

test('an admin token is used where it belongs and goes nowhere else', async () => {
	verifies('05.T10')
	const flags = { 'admin-token': 'the-admin-token-of-a-test' }
	await using it = await mcpWorld({ flags })
	expect((await it.use('mse_runs')).runs).toEqual([])
	expect((await it.use('mse_operator_list')).operators).toEqual([])
	expect((await it.use('mse_waiting')).requests).toEqual([])
	const bare = await mcpClient({ url: it.app.url })
	expect(await bare.say('mse_runs')).toMatchObject({
		isError: true,
		value: { code: 'admin_token_required', hint: expect.stringContaining('MSE_TOKEN') },
	})
	await bare.close()
	const seen: (string | null)[] = []
	await using elsewhere = {
		server: Bun.serve({
			port: 0,
			fetch({ headers }) {
				seen.push(headers.get('authorization'))
				return new Response('ok')
			},
		}),
		[Symbol.asyncDispose]() {
			return this.server.stop(true)
		},
	}
	await it.use('mlua_swarm_server_status', { bind: `127.0.0.1:${elsewhere.server.port}` })
	expect(seen.length).toBeGreaterThan(0)
	expect(new Set(seen)).toEqual(new Set([null]))
	await expect(it.use('bp_doctor', { id: 'main', bind: 'not an address' })).rejects.toThrow('it looks like 127.0.0.1:7777')
})
