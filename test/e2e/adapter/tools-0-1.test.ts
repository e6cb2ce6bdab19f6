import { expect, test } from 'bun:test'
import { eventually } from '../../support/eventually.ts'
import { verifies } from '../../support/verifies.ts'
import { startTestServer } from '../support/server.ts'
import { operatorBlueprint } from '../wire-script/work.ts'
import { adapterOf01 } from './adapter-0-1.ts'
import { exchange } from './exchange.ts'

const LIMIT_MS = 60_000

test(
	'every tool of the adapter of 0.1.0 finds what it needs, with curl beside it for what it has no tool for',
	async () => {
		verifies('05.M3', '05.M6', '05.M7', '05.M8', '05.M10', '05.M14', '05.M15', '05.M18')
		await using server = await startTestServer()
		await using adapter = adapterOf01(server.url)
		expect(await adapter.mlua_swarm_server_start()).toEqual({ status: 'already_running' })
		expect(await adapter.mlua_swarm_server_status()).toEqual({ up: true })
		expect(await adapter.mse_doctor()).toMatchObject({
			up: true,
			doctor: {
				...{ bind: expect.any(String), blueprint_backend: expect.any(String), enhance_flow_enabled: false, seed_blueprint_id: 'main' },
				...{ registered_blueprint_ids: ['main'], registered_blueprint_count: 1 },
			},
		})

		const { sid, roles } = await adapter.mse_operator_join({ roles: ['main'] })
		expect(roles).toEqual(['main'])
		await expect(adapter.mse_operator_join({ roles: ['main', 'other'] })).rejects.toThrow(/failed: 409 \{.*"conflicts":\["main"\]/)
		expect(await adapter.mse_pending_wait({ sid, timeout_ms: 0 })).toEqual({ timed_out: true })

		const curl = (path: string, document: object) => exchange(server.url, 'POST', path, { json: document })
		expect((await curl('/v1/blueprints/greet', operatorBlueprint('greet'))).status).toBe(201)
		const launched = curl('/v1/tasks', { blueprint: { kind: 'id', id: 'greet' }, init_ctx: {}, operator_sid: sid, ttl_secs: 600 })
		const frame = await adapter.mse_pending_wait({ sid })
		if (frame.timed_out) throw new Error('no spawn came')
		expect(frame).toMatchObject({ type: 'spawn', payload: { agent: 'worker', attempt: 1, directive: expect.stringContaining(server.url) } })
		const { task_id, worker_handle } = frame.payload
		const bearer = String(worker_handle)
		const prompt = await exchange(server.url, 'GET', `/v1/worker/prompt?task_id=${task_id}`, { bearer })
		expect([prompt.status, prompt.json]).toMatchObject([
			200,
			{ task_id, attempt: 1, agent: 'worker', prompt: 'say hello', system: 'Be brief.' },
		])
		const form = { bearer, raw: 'hello\n', type: 'application/x-www-form-urlencoded' }
		expect((await exchange(server.url, 'POST', '/v1/worker/submit', form)).status).toBe(204)
		expect(adapter.mse_ack({ sid, req_id: frame.req_id, kind: 'spawn_ack' })).toEqual({ sent: true })
		const { status, json } = await launched
		expect([status, json]).toMatchObject([
			200,
			{ final_ctx: { said: 'hello' }, bound_version: expect.any(String), effective_ttl_secs: 600, ttl_source: 'request_body' },
		])

		expect(await adapter.bp_archive({ id: 'greet' })).toEqual({ status: 'dry_run', id: 'greet' })
		expect(await adapter.bp_archive({ id: 'greet', confirm: true })).toMatchObject({ status: 'archived', id: 'greet' })
		expect(await adapter.bp_unarchive({ id: 'greet' })).toMatchObject({ status: 'unarchived', id: 'greet' })
		expect(await adapter.bp_archive({ id: 'nobody', confirm: true })).toMatchObject({ status: 'error', http_status: 404 })

		expect(await adapter.mse_operator_leave({ sid })).toEqual({ removed: true })
		expect((await adapter.mse_operator_join({ roles: ['main'] })).roles).toEqual(['main'])
	},
	LIMIT_MS,
)

test(
	'a seat without a pin goes to the operator who joined with its name as a role',
	async () => {
		verifies('05.M3', '05.M6')
		await using server = await startTestServer()
		await using adapter = adapterOf01(server.url)
		const { sid } = await adapter.mse_operator_join({ roles: ['main'] })
		const json = { blueprint: { kind: 'inline', value: operatorBlueprint('by-role') }, init_ctx: null }
		const launched = exchange(server.url, 'POST', '/v1/tasks', { json })
		const frame = await adapter.mse_pending_wait({ sid })
		if (frame.timed_out) throw new Error('no spawn came')
		adapter.mse_ack({ sid, req_id: frame.req_id, kind: 'spawn_ack', value: { n: 1 } })
		expect((await launched).json).toMatchObject({ final_ctx: { said: { n: 1 } } })
		expect(adapter.sessionOf(sid).lost()).toEqual([])
	},
	LIMIT_MS,
)

test(
	'a server that went away reads as down, and an operator whose socket died is told so',
	async () => {
		await using server = await startTestServer()
		await using adapter = adapterOf01(server.url)
		const { sid } = await adapter.mse_operator_join()
		await server.kill('SIGTERM')
		expect(await adapter.mlua_swarm_server_status()).toEqual({ up: false })
		await eventually(() => adapter.sessionOf(sid).isCut(), { what: 'the socket ends' })
		expect(() => adapter.mse_ack({ sid, req_id: 'x', kind: 'spawn_ack' })).toThrow('WS failed')
	},
	LIMIT_MS,
)
