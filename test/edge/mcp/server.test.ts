import { expect, test } from 'bun:test'
import { verifies } from '../../support/verifies.ts'
import { identity, mcpClient, mcpWorld, oneStep } from './mcp-world.ts'

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
