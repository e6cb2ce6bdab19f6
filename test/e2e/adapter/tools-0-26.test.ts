import { expect, test } from 'bun:test'
import { eventually } from '../../support/eventually.ts'
import { verifies } from '../../support/verifies.ts'
import { call } from '../support/api.ts'
import { startTestServer } from '../support/server.ts'
import { at, lit, operatorBlueprint, step } from '../wire-script/work.ts'
import { adapterOf026 } from './adapter-0-26.ts'

const LIMIT_MS = 60_000
type Adapter = ReturnType<typeof adapterOf026>

async function nextSpawn(adapter: Adapter, sid: string) {
	const frame = await adapter.mse_pending_wait({ sid })
	if (frame.timed_out || frame.type !== 'spawn') throw new Error(`no spawn but ${JSON.stringify(frame)}`)
	return { req_id: frame.req_id, step_id: String(frame.payload.task_id), worker_handle: String(frame.payload.worker_handle) }
}

function ended(adapter: Adapter, run_id: string, status: string) {
	const look = async () => {
		const run = await adapter.swarm_status({ run_id })
		return run.status === status && run
	}
	return eventually(look, { what: `run ${run_id} is ${status}` })
}

/** A session that comes back before is sent the frame again. */
async function isProvenRead(url: string, reqId: string): Promise<boolean> {
	const { body } = await call<{ requests: readonly { req_id: string; state: string }[] }>('GET', `${url}/v1/requests`)
	return body.requests.some(({ req_id, state }) => req_id === reqId && state === 'delivered')
}

test(
	'a Blueprint is built, read back by the strict parser, explained, run and looked at',
	async () => {
		verifies('05.M9', '05.M10', '05.M11', '05.M12', '05.M15', '05.M16', '05.M17', '05.M18')
		await using server = await startTestServer()
		await using adapter = adapterOf026(server.url)
		const document = operatorBlueprint('greet')
		expect(await adapter.bp_build(document)).toMatchObject({ status: 'registered', bp_id: 'greet' })
		expect(await adapter.bp_doctor({ id: 'greet' })).toEqual({
			...{ http_status: 200, error: null, blueprint: document },
			sizes: [{ agent: 'worker', last_rendered_bytes: null }],
		})
		expect(await adapter.bp_doctor({ id: 'nobody' })).toMatchObject({ http_status: 404, blueprint: null })
		expect(await adapter.bp_explain_agent({ bp_id: 'greet', agent: 'worker' })).toMatchObject({ http_status: 200, variant: 'coder' })
		expect(await adapter.bp_explain_agents({ bp_id: 'greet' })).toMatchObject({ http_status: 200, agents: [['worker', 'coder']] })

		const { sid } = await adapter.mse_operator_join({ desc: 'a client of the swarm' })
		const running = adapter.swarm_run({ id: 'greet', operator_id: 'mcp-run', more: { some_unknown_key: { a: 1 } } })
		const { req_id, step_id, worker_handle } = await nextSpawn(adapter, sid)
		const prompt = await adapter.mse_worker_fetch({ worker_handle })
		expect(prompt).toMatchObject({ task_id: step_id, attempt: 1, agent: 'worker', prompt: 'say hello', system: 'Be brief.' })
		expect([Object.values(prompt).includes(null), 'system_ref' in prompt]).toEqual([false, false])
		const degradations = [{ tool: 'Read', error: 'denied', fallback: 'guessed', note: 'once' }]
		const stats = { usage: { input_tokens: 3, output_tokens: 4, total_tokens: 7 }, model: 'opus', num_turns: 2 }
		expect(await adapter.mse_worker_submit({ worker_handle, body: 'notes', name: 'notes', degradations })).toEqual({ submitted: true })
		expect(await adapter.mse_worker_submit({ worker_handle, body: 'hello', stats })).toEqual({ submitted: true })
		await adapter.mse_ack({ sid, req_id, kind: 'spawn_ack' })

		const result = await running
		const run_id = String(result.run_id)
		expect(result).toMatchObject({
			...{ status: 'done', head: 'greet', resolved_via: 'http', final_ctx: { said: { out: 'hello', parts: { notes: 'notes' } } } },
			...{ effective_ttl_secs: 300, ttl_source: 'request_body', bound_version: expect.stringMatching(/^[0-9a-f]{64}$/) },
			...{ run_id: expect.stringMatching(/^R-./), task_id: expect.stringMatching(/^T-./), info: expect.any(Object) },
		})
		const status = await adapter.swarm_status({ run_id })
		expect(status).toMatchObject({ status: 'done', task_id: result.task_id, result_ref: result.final_ctx, cancel_requested: false })
		expect(status.log_tail).toContainEqual(expect.objectContaining({ kind: 'core.run_finished', run_id }))
		expect(await adapter.swarm_run_stats({ run_id })).toMatchObject({
			steps: [{ step_ref: 'worker', status: 'passed', attempt: 1, duration_ms: expect.any(Number), usage: { total_tokens: 7 } }],
			...{ totals: { total_tokens: 7, steps_total: 1 }, models: ['opus'] },
		})
		await expect(adapter.swarm_run_stats({ run_id: 'R-nobody' })).rejects.toMatchObject({ kind: 'invalid_params' })
		expect((await adapter.bp_doctor({ id: 'greet' })).sizes).toEqual([{ agent: 'worker', last_rendered_bytes: expect.any(Number) }])
		expect(await adapter.mse_doctor()).toMatchObject({
			...{ version_drift: null, doctor: { registered_blueprint_ids: expect.arrayContaining(['greet']) } },
			runs: [{ run_id, steps: [expect.objectContaining({ name: 'worker' })], degradations: 1 }],
		})
	},
	LIMIT_MS,
)

test(
	'a launch that fails is a result with the sentence of the server',
	async () => {
		verifies('05.M11')
		await using server = await startTestServer()
		await using adapter = adapterOf026(server.url)
		expect(await adapter.swarm_run({ id: 'nobody' })).toMatchObject({
			status: 'failed',
			error: expect.stringMatching(/returned 400: .*not found: nobody/),
		})
		await adapter.bp_build(operatorBlueprint('lonely'))
		expect(await adapter.swarm_run({ id: 'lonely' })).toMatchObject({ status: 'failed', error: expect.stringContaining('returned 503') })
		const { sid } = await adapter.mse_operator_join({ desc: 'a client' })
		const running = adapter.swarm_run({ id: 'lonely' })
		const { req_id, worker_handle } = await nextSpawn(adapter, sid)
		await adapter.mse_worker_submit({ worker_handle, body: 'cannot', ok: false })
		await adapter.mse_ack({ sid, req_id, kind: 'spawn_ack' })
		expect(await running).toMatchObject({ status: 'failed', error: expect.stringContaining('blocked') })
	},
	LIMIT_MS,
)

test(
	'seats are looked at and taken over',
	async () => {
		verifies('05.M6', '05.M11')
		await using server = await startTestServer()
		await using first = adapterOf026(server.url)
		await using second = adapterOf026(server.url)
		await first.bp_build(operatorBlueprint('seated'))
		const [one, two] = [await first.mse_operator_join({ desc: 'one' }), await second.mse_operator_join({ desc: 'two' })]
		const run_id = String((await first.swarm_run({ id: 'seated', detach: true, operator_slot: 'main' })).run_id)
		const { step_id, req_id } = await nextSpawn(first, one.sid)
		expect((await first.mse_operator_list({ limit: 5 })).operators.map(({ sid }: { sid: string }) => sid)).toContain(two.sid)
		const seat = { slot: 'main', vacant: false, declared: true, holder: { op: one.sid, gen: 1 } }
		expect(await second.mse_run_assignees({ run_id })).toMatchObject({ run_id, generation: 1, seats: [seat], seats_source: 'blueprint' })
		expect(await second.mse_run_handover({ run_id })).toMatchObject({
			trace: { route: expect.any(String), latest_seq: expect.any(Number) },
			unanswered: [{ slot: 'main', op: one.sid, generation: 1, req_id, kind: 'spawn', step_id, attempt: 1, final_present: false }],
			unread_seats: [],
		})
		expect(await second.mse_run_material({ run_id, step_id })).toMatchObject({ run_id, payload: { task_id: step_id, prompt: 'say hello' } })
		expect(await second.mse_run_acquire({ run_id, op: two.sid, desc: 'takes over' })).toMatchObject({
			...{ run_id, slot: 'main', gen: 2, previous: { op: one.sid } },
			t_discard: { discarded: 1, not_discarded: expect.anything() },
		})
		const taken = await nextSpawn(second, two.sid)
		await second.mse_ack({ sid: two.sid, req_id: taken.req_id, kind: 'spawn_ack', value: 'by the second' })
		expect((await ended(first, run_id, 'done')).result_ref).toEqual({ said: 'by the second' })
		expect(() => second.mse_run_material({ run_id, step_id: 'T-1' })).toThrow('is not ST-')
		await expect(first.mse_run_handover({ run_id: 'R-nobody' })).rejects.toThrow(/failed: 404/)
	},
	LIMIT_MS,
)

test(
	'a session is brought back by its next call, with what it had read and what it had not',
	async () => {
		verifies('05.M5', '05.M7')
		await using server = await startTestServer()
		await using adapter = adapterOf026(server.url)
		const { sid } = await adapter.mse_operator_join({ desc: 'a client' })
		await adapter.bp_build(operatorBlueprint('again', { kind: 'seq', children: [step('worker', '$.a'), step('worker', '$.b')] }))
		const run_id = String((await adapter.swarm_run({ id: 'again', detach: true })).run_id)
		const before = await nextSpawn(adapter, sid)
		await eventually(() => isProvenRead(server.url, before.req_id), { what: 'the server knows that the frame was read' })
		await adapter.sessionOf(sid).drop()
		await adapter.mse_ack({ sid, req_id: before.req_id, kind: 'spawn_ack', value: 1 })
		const after = await nextSpawn(adapter, sid)
		expect(after.req_id).not.toBe(before.req_id)
		await server.kill('SIGKILL')
		await eventually(() => adapter.sessionOf(sid).isCut(), { what: 'the socket ends' })
		await expect(adapter.mse_pending_wait({ sid })).rejects.toMatchObject({ kind: 'invalid_params', message: 'session closed' })
		await server.restart()
		await adapter.mse_ack({ sid, req_id: after.req_id, kind: 'spawn_ack', value: 2 })
		expect((await ended(adapter, run_id, 'done')).result_ref).toEqual({ a: 1, b: 2 })
		expect(adapter.sessionOf(sid).lost()).toEqual([])
	},
	LIMIT_MS,
)

test(
	'a busy server is not shut down, a free one is',
	async () => {
		verifies('05.M8', '05.M13')
		await using server = await startTestServer()
		await using adapter = adapterOf026(server.url)
		expect(await adapter.mlua_swarm_server_shutdown()).toEqual({ refused: false, running_runs: 0, attached_operators: 0 })
		const { sid } = await adapter.mse_operator_join({ desc: 'a client' })
		await adapter.bp_build(operatorBlueprint('busy', { kind: 'assign', at: at('$.x'), value: lit(1) }))
		await adapter.bp_build(operatorBlueprint('held'))
		expect(await adapter.swarm_run({ id: 'busy' })).toMatchObject({ status: 'done', final_ctx: { x: 1 } })
		const run_id = String((await adapter.swarm_run({ id: 'held', detach: true })).run_id)
		expect(await adapter.mlua_swarm_server_shutdown()).toEqual({ refused: true, running_runs: 1, attached_operators: 1 })
		expect((await adapter.swarm_cancel({ run_id })).server_ack).toBe(true)
		await ended(adapter, run_id, 'cancelled')
		expect(await adapter.mse_operator_leave({ sid })).toEqual({ removed: true })
		const free = async () => !(await adapter.mlua_swarm_server_shutdown()).refused
		await eventually(free, { what: 'the server is free' })
	},
	LIMIT_MS,
)
