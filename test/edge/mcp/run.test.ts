import { expect, test } from 'bun:test'
import { verifies } from '../../support/verifies.ts'
import { identity, mcpWorld, oneStep, seated, withMain } from './mcp-world.ts'

test('runs are listed without their values, and one is shown in parts', async () => {
	verifies('05.T11')
	await using it = await mcpWorld()
	const { run_id } = (await it.app.launch(oneStep(identity), { init_ctx: { goal: 'x'.repeat(50_000) } })).body
	const { runs, next_offset } = await it.use('mse_runs', { status: 'done', blueprint: 'one-step' })
	expect(runs).toMatchObject([{ run_id, status: 'done', blueprint_id: 'one-step', steps: 1, steps_in_flight: [] }])
	expect(next_offset).toBeNull()
	expect((await it.use('mse_runs', { limit: 1 })).next_offset).toBe(1)
	const whole = await it.use('mse_run', { run_id })
	expect(whole.cut).toContain('pointer')
	const again = await it.use('swarm_status', { run_id })
	expect([again.cut.includes('pointer'), JSON.stringify(again).length < 50_000]).toEqual([true, true])
	const part = await it.use('mse_run', { run_id, pointer: '/result_ref/goal', offset: 40_000 })
	expect(part).toEqual({ pointer: '/result_ref/goal', value: 'x'.repeat(10_000), next_offset: null, length: 50_000 })
	await expect(it.use('mse_run', { run_id, pointer: '/result_ref/nothing' })).rejects.toThrow('There is goal, done')
})

test('a full page of runs is shown whole, and the next one goes on after it', async () => {
	await using it = await mcpWorld()
	const ids = new Set<string>()
	for (let n = 0; n < 60; n++) ids.add((await it.app.launch(oneStep(identity))).body.run_id)
	const first = await it.use('mse_runs', { limit: 50 })
	expect([first.runs.length, first.next_offset, first.cut]).toEqual([50, 50, undefined])
	const second = await it.use('mse_runs', { limit: 50, offset: first.next_offset })
	expect(second.next_offset).toBeNull()
	expect(new Set([...first.runs, ...second.runs].map(({ run_id }: { run_id: string }) => run_id))).toEqual(ids)
	const events = await it.use('mse_events', { after: '0', limit: 100 })
	expect([events.events.length, events.cut]).toEqual([100, undefined])
})

test('a run is paused, resumed, cancelled and run again', async () => {
	await using it = await mcpWorld()
	await it.app.join(['main'])
	const { run_id } = (await it.app.launch(oneStep(seated, withMain), { detach: true })).body
	expect((await it.use('mse_run_pause', { run_id })).phase).toBe('paused')
	expect(await it.use('mse_run_resume', { run_id })).toMatchObject({ run_id })
	expect((await it.use('mse_run_cancel', { run_id })).status).toBe('cancelled')
	expect(await it.say('mse_run_resume', { run_id })).toMatchObject({ isError: true, value: { code: expect.any(String) } })
	expect(await it.use('mse_run_rerun', { run_id, from_step: 'worker', as: 'new_run' })).toMatchObject({ dropped_steps: expect.any(Number) })
	const steered = await it.use('mse_runs_steer', { verb: 'cancel', blueprint: 'one-step', reason: 'enough' })
	expect(steered.changed).toHaveLength(1)
	expect(await it.say('mse_runs_steer', { verb: 'cancel' })).toMatchObject({ isError: true, value: { code: 'empty_filter' } })
})

test('a wait for a run ends with the run, or tells that time is up and leaves it alone', async () => {
	await using it = await mcpWorld()
	const { sid, token } = await it.app.join(['main'])
	const operator = await it.app.connect({ sid, token })
	const { run_id } = (await it.app.launch(oneStep(seated, withMain), { detach: true })).body
	expect(await it.use('mse_run_wait', { run_id, timeout_secs: 1 })).toMatchObject({
		status: 'running',
		steps_in_flight: [{ step_ref: 'worker' }],
	})
	const waiting = it.use('mse_run_wait', { run_id, timeout_secs: 20 })
	const { req_id } = await operator.next('spawn')
	operator.say({ type: 'spawn_ack', req_id, value: 'hello', ok: true })
	expect(await waiting).toMatchObject({ status: 'done', result_ref: { done: 'hello' } })
	await operator.close()
})

test('events are read page by page from a cursor, and waited for', async () => {
	await using it = await mcpWorld()
	const { run_id } = (await it.app.launch(oneStep(identity))).body
	const first = await it.use('mse_events', { run: run_id, limit: 2 })
	expect(first).toMatchObject({ events: [{ kind: 'run.started' }, { run_id }], more: true })
	const rest = await it.use('mse_events', { run: run_id, after: first.cursor })
	expect(rest.events.at(-1).kind).toBe('run.done')
	expect(rest.more).toBe(false)
	const { cursor } = await it.use('mse_events', { kind: 'run.' })
	const waiting = it.use('mse_events', { kind: 'run.done', after: cursor, wait_secs: 20 })
	const second = (await it.app.launch(oneStep(identity))).body
	expect((await waiting).events).toMatchObject([{ kind: 'run.done', run_id: second.run_id }])
	expect(await it.use('mse_events', { after: cursor, run: run_id })).toMatchObject({ events: [], more: false })
	expect(await it.say('mse_events', { after: '999999999' })).toMatchObject({ isError: true, value: { code: 'cursor_invalid' } })
})
