import { expect, test } from 'bun:test'
import { eventually } from '../../support/eventually.ts'
import { verifies } from '../../support/verifies.ts'
import { type McpWorld, mcpClient, mcpWorld, oneStep, seated, withMain } from './mcp-world.ts'

const taken = async (it: Pick<McpWorld, 'use'>, sid?: string) => {
	const { timed_out, ...frame } = await it.use('mse_pending_wait', { timeout_ms: 10_000, ...(sid !== undefined && { sid }) })
	expect(timed_out).toBe(false)
	return frame
}

test('a client joins, launches, does the step that it is given, and the run is done', async () => {
	await using it = await mcpWorld()
	const { sid, roles } = await it.use('mse_operator_join', { desc: 'the model', roles: ['main'] })
	expect(roles).toEqual(['main'])
	const launched = await it.use('swarm_run', { blueprint: { kind: 'inline', blueprint: oneStep(seated, withMain) } })
	expect(launched).toMatchObject({ status: 'running', head: 'one-step', resolved_via: 'http', your_requests: [{ sid, type: 'spawn' }] })
	const { req_id, type, payload } = await taken(it)
	expect(type).toBe('spawn')
	expect(payload).toMatchObject({ req_id, agent: 'worker', attempt: 1, directive: expect.any(String) })
	const { worker_handle } = payload
	expect(await it.use('mse_worker_fetch', { worker_handle })).toMatchObject({ prompt: 'say hello', agent: 'worker' })
	const degradations = [{ tool: 'Read', error: 'denied', fallback: 'guessed' }]
	const stats = { model: 'opus', usage: { input_tokens: 3, output_tokens: 4, total_tokens: 7 } }
	expect(await it.use('mse_worker_submit', { worker_handle, body: 'some notes', name: 'notes', degradations })).toEqual({ submitted: true })
	expect(await it.use('mse_worker_submit', { worker_handle, body: 'hello', stats })).toEqual({ submitted: true })
	expect(await it.use('mse_ack', { sid, req_id, kind: 'spawn_ack' })).toEqual({ sent: true, received: true })
	const { run_id } = launched
	expect(await it.use('mse_run_wait', { run_id, timeout_secs: 10 })).toMatchObject({ status: 'done' })
	expect(await it.use('swarm_status', { run_id })).toMatchObject({
		...{ status: 'done', cancel_requested: false, task_id: launched.task_id },
		...{ result_ref: { done: { out: 'hello', parts: { notes: 'some notes' } } }, log_tail: expect.any(Array) },
	})
	expect(await it.use('swarm_run_stats', { run_id })).toMatchObject({
		totals: { total_tokens: 7, steps_total: 1, steps_with_stats: 1 },
		by_model: { opus: { input_tokens: 3 } },
	})
	expect(await it.use('mse_operator_leave', { sid })).toEqual({ removed: true })
	await expect(it.use('mse_pending_wait', { sid })).rejects.toThrow('was not joined here')
})

test('every kind of reply is sent as the model means it', async () => {
	await using it = await mcpWorld()
	await it.use('mse_operator_join', { roles: ['main'] })
	const run = async () => (await it.use('swarm_run', { blueprint: oneStep(seated, withMain), detach: true })).run_id
	const first = await run()
	const one = await taken(it)
	expect(await it.use('mse_ack', { req_id: one.req_id, kind: 'spawn_ack', ok: false, error: 'boom' })).toMatchObject({ received: true })
	expect(await it.use('mse_run_wait', { run_id: first })).toMatchObject({
		status: 'failed',
		error: { message: expect.stringContaining('boom') },
	})
	const second = await run()
	const two = await taken(it)
	await it.use('mse_ack', { req_id: two.req_id, kind: 'spawn_halt', value: { at: 1 }, error: 'enough' })
	expect((await it.use('mse_run_wait', { run_id: second })).result_ref.done).toMatchObject({ halted: true, reason: 'enough' })
	expect(await it.use('mse_ack', { req_id: two.req_id, kind: 'spawn_ack' })).toMatchObject({ sent: true })
	expect(await it.use('mse_ack', { req_id: 'req-nobody', kind: 'answer', value: 1 })).toMatchObject({
		received: false,
		refused: { code: 'unknown_request' },
	})
	expect(await it.use('mse_pending_wait', { timeout_ms: 0 })).toEqual({ timed_out: true })
	await expect(it.use('mse_ack', { req_id: 'x', kind: 'nod' })).rejects.toThrow('It is spawn_ack, answer')
})

test('a request that nobody wants any more is not given out', async () => {
	await using it = await mcpWorld()
	const { sid } = await it.use('mse_operator_join', { roles: ['main'] })
	const { run_id } = await it.use('swarm_run', { blueprint: oneStep(seated, withMain), detach: true })
	const frame = await taken(it, sid)
	expect(await it.use('mse_waiting')).toMatchObject({ your_requests: [], your_requests_in_hand: [{ sid, req_id: frame.req_id }] })
	expect(await it.use('mse_pending_wait', { again: frame.req_id })).toEqual({ timed_out: false, ...frame })
	await expect(it.use('mse_pending_wait', { again: 'req-nobody' })).rejects.toThrow(`There is ${frame.req_id}`)
	expect(await it.use('swarm_cancel', { run_id })).toEqual({ ok: true, run_id, cancel_requested: true, server_ack: true })
	expect(await it.use('mse_ack', { req_id: frame.req_id, kind: 'spawn_ack' })).toMatchObject({ received: expect.any(Boolean) })
	await expect(it.use('mse_worker_submit', { worker_handle: frame.payload.worker_handle, body: 'late' })).rejects.toThrow('cancelled')
})

test('the prompt of a step is given whole, however long', async () => {
	await using it = await mcpWorld()
	await it.use('mse_operator_join', { roles: ['main'] })
	const goal = 'x'.repeat(100_000)
	await it.use('swarm_run', { blueprint: oneStep(seated, withMain), init_ctx: { goal }, detach: true })
	const { payload } = await taken(it)
	expect((await it.use('mse_worker_fetch', { worker_handle: payload.worker_handle })).prompt).toBe(goal)
})

test('seats are looked at and taken over by another client', async () => {
	await using it = await mcpWorld()
	const other = await mcpClient({ url: it.app.url })
	const one = await it.use('mse_operator_join', { desc: 'one', roles: ['main'] })
	const two = await other.use('mse_operator_join', { desc: 'two' })
	const { run_id } = await it.use('swarm_run', { blueprint: oneStep(seated, withMain), detach: true })
	const { payload } = await taken(it)
	expect((await it.use('mse_operator_list')).operators.map(({ sid }: { sid: string }) => sid).sort()).toEqual([one.sid, two.sid].sort())
	expect(await other.use('mse_run_assignees', { run_id })).toMatchObject({ seats: [{ slot: 'main', holder: { op: one.sid } }] })
	expect(await other.use('mse_run_handover', { run_id })).toMatchObject({ unanswered: [{ kind: 'spawn', step_id: payload.task_id }] })
	expect(await other.use('mse_run_material', { run_id, step_id: payload.task_id })).toMatchObject({ payload: { prompt: 'say hello' } })
	expect(await other.use('mse_run_acquire', { run_id, op: two.sid, desc: 'takes over' })).toMatchObject({
		slot: 'main',
		previous: { op: one.sid },
	})
	const again = await taken(other)
	await other.use('mse_ack', { req_id: again.req_id, kind: 'spawn_ack', value: 'by two' })
	expect((await other.use('mse_run_wait', { run_id })).result_ref).toMatchObject({ done: 'by two' })
	await expect(other.use('mse_run_material', { run_id, step_id: 'T-1' })).rejects.toThrow('`step_id` does not fit')
	await expect(other.use('mse_run_handover', { run_id: 'R-nobody' })).rejects.toThrow('does not exist')
	await other.close()
})

test('when the client goes, its sessions go, and the next one with the role is given what waits', async () => {
	verifies('05.T14')
	await using it = await mcpWorld()
	const first = await mcpClient({ url: it.app.url })
	await first.use('mse_operator_join', { roles: ['main'] })
	const { run_id } = await first.use('swarm_run', { blueprint: oneStep(seated, withMain), detach: true })
	await taken(first)
	await first.close()
	await it.use('mse_operator_join', { roles: ['main'] })
	const frame = await taken(it)
	await it.use('mse_ack', { req_id: frame.req_id, kind: 'spawn_ack', value: 'by the second' })
	expect((await it.use('mse_run_wait', { run_id })).result_ref).toMatchObject({ done: 'by the second' })
})

test('after a leave a new session takes its place, and every session sees the others', async () => {
	await using it = await mcpWorld()
	const one = await it.use('mse_operator_join', { roles: ['main'] })
	const [{ sid }] = (await it.use('mse_operator_list')).operators
	expect(sid).toBe(one.sid)
	const other = await mcpClient({ url: it.app.url })
	const watcher = await other.use('mse_operator_join')
	await it.use('mse_operator_leave', { sid })
	await expect(it.use('mse_pending_wait')).rejects.toThrow('call mse_operator_join first')
	const two = await it.use('mse_operator_join', { roles: ['main'] })
	expect(two.sid).not.toBe(one.sid)
	expect(await it.use('mse_pending_wait', { timeout_ms: 0 })).toEqual({ timed_out: true })
	expect((await other.use('mse_operator_list')).operators.map((listed: { sid: string }) => listed.sid)).toEqual(
		expect.arrayContaining([two.sid, watcher.sid]),
	)
	await other.close()
})

test('a launch that cannot be is a result with the reason, a wrong selector an error', async () => {
	await using it = await mcpWorld()
	expect(await it.use('swarm_run', { blueprint: { kind: 'id', id: 'nobody' } })).toMatchObject({
		status: 'failed',
		error: expect.stringContaining('nobody'),
	})
	expect(await it.use('swarm_run', { blueprint: oneStep(seated, withMain) })).toMatchObject({ status: 'failed', code: 'no_operator' })
	await expect(it.use('swarm_run', { blueprint: { kind: 'what' } })).rejects.toThrow('`blueprint` names none')
	await expect(it.use('swarm_run', { blueprint: { kind: 'file', path: 'a.json' } })).rejects.toThrow('over HTTP')
	await expect(it.use('swarm_status', { run_id: 'R-nobody' })).rejects.toThrow('does not exist')
	expect(await it.use('swarm_run', { blueprint: JSON.stringify({ kind: 'id', id: 'main' }), init_ctx: '{"greeting":"hi"}' })).toMatchObject(
		{ status: 'done' },
	)
})

test('a role that somebody else holds is refused with whose it is', async () => {
	await using it = await mcpWorld()
	await it.app.join(['main'])
	await expect(it.use('mse_operator_join', { roles: ['main'] })).rejects.toThrow('roles_conflict')
	await eventually(async () => (await it.app.call('GET', '/v1/status')).body.attached_operators === 0, { what: 'no socket is left' })
})
