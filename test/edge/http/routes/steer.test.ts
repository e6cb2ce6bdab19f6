import { expect, test } from 'bun:test'
import { blueprintOf, lit, path, seq, step } from '../../../support/blueprints.ts'
import { eventually } from '../../../support/eventually.ts'
import { departs, verifies } from '../../../support/verifies.ts'
import { gated, hang } from '../../../support/workers.ts'
import { httpWorld } from '../support.ts'

type World = ReturnType<typeof httpWorld>

const echo = blueprintOf(seq(step('identity', path('$.name'), '$.out'), step('identity', path('$.out'), '$.again')), ['identity'])
const stuck = blueprintOf(step('hang', lit(1), '$.out'), ['hang'])

/** Status and code of an answer that should be a refusal. */
async function refused(world: World, path: string, body?: unknown): Promise<unknown[]> {
	const answer = await world.call('POST', path, body)
	return [answer.status, answer.body.code]
}

test('a re-kick without a body runs the task as it is, and answers 201', async () => {
	verifies('01.C96', '01.C93')
	await using world = httpWorld()
	const { task_id, run_id } = (await world.launch(echo, { init_ctx: { name: 'Ann' }, goal: 'greet' })).body
	const { status, body } = await world.call('POST', `/v1/tasks/${task_id}/runs`)
	expect([status, body]).toEqual([
		201,
		{ task_id, run_id: expect.stringMatching(/^R-/), status: 'done', info: expect.objectContaining({ goal: 'greet' }) },
	])
	expect(body.run_id).not.toBe(run_id)
	expect((await world.call('GET', `/v1/runs/${body.run_id}`)).body.result_ref).toMatchObject({ out: 'Ann' })
	const detached = await world.call('POST', `/v1/tasks/${task_id}/runs`, { detach: true, init_ctx_override: { name: 'Bob' } })
	expect([detached.status, detached.body.status]).toEqual([202, 'running'])
	expect((await world.call('GET', `/v1/tasks/${task_id}`)).body).toMatchObject({ task: { input_ctx: { name: 'Ann' } }, runs: [{}, {}, {}] })
})

test('a re-kick that cannot be is refused by its own status, and adds no run', async () => {
	verifies('01.C92', '01.C97')
	await using world = httpWorld()
	const { task_id } = (await world.launch(echo, { init_ctx: { name: 'Ann' } })).body
	const kick = `/v1/tasks/${task_id}/runs`
	expect(await refused(world, '/v1/tasks/T-0/runs')).toEqual([404, 'unknown_task'])
	expect(await refused(world, kick, { timeout_secs: 0 })).toEqual([400, 'bad_timeout'])
	expect(await refused(world, kick, { timeout_secs: 5, detach: true })).toEqual([400, 'bad_timeout'])
	expect(await refused(world, kick, { operator_sid: 'S-nobody' })).toEqual([400, 'unknown_operator'])
	expect(await refused(world, kick, { detach: 'yes' })).toEqual([422, 'invalid_body'])
	const broken = await world.call('POST', kick, '{"detach":', { 'content-type': 'application/json' })
	expect([broken.status, broken.body.code]).toEqual([400, 'invalid_json'])
	expect((await world.call('GET', `/v1/tasks/${task_id}`)).body.runs).toHaveLength(1)
})

test('a task is found by the id of one of its steps, as 0.1.0 names them', async () => {
	await using world = httpWorld()
	const { task_id, run_id } = (await world.launch(echo, { init_ctx: { name: 'Ann' } })).body
	const [first] = (await world.call('GET', `/v1/runs/${run_id}/steps`)).body.steps
	expect((await world.call('GET', `/v1/tasks/${first.step_id}`)).body.task.id).toBe(task_id)
})

test('a task whose run was cancelled reads failed, the word its clients know', async () => {
	await using world = httpWorld({ workers: { hang } })
	const { task_id, run_id } = (await world.launch(stuck, { detach: true })).body
	await world.call('POST', `/v1/runs/${run_id}/cancel`)
	expect((await world.call('GET', '/v1/tasks')).body).toMatchObject([{ id: task_id, status: 'failed' }])
	expect((await world.call('GET', `/v1/tasks/${task_id}`)).body).toMatchObject({
		task: { status: 'failed' },
		runs: [{ status: 'cancelled' }],
	})
})

test('each cancel is in the trace, the one that came too late as well', async () => {
	await using world = httpWorld({ workers: { hang } })
	const { run_id } = (await world.launch(stuck, { detach: true })).body
	await world.call('POST', `/v1/runs/${run_id}/cancel`)
	await world.call('POST', `/v1/runs/${run_id}/cancel`)
	const { events } = (await world.call('GET', `/v1/runs/${run_id}/trace?kind=core.cancel,core.run_finished`)).body
	expect(events.map(({ kind }: { kind: string }) => kind)).toEqual(['core.cancel_requested', 'core.run_finished', 'core.cancel_requested'])
})

test('rerun-from answers 202 with what is replayed and dropped, and the old generation stays to be seen', async () => {
	departs('01.C107', '04.79')
	await using world = httpWorld()
	const { run_id, task_id } = (await world.launch(echo, { init_ctx: { name: 'Ann' } })).body
	const { status, body } = await world.call('POST', `/v1/runs/${run_id}/rerun-from`, { from_step: '/1', input: 'given' })
	expect([status, body]).toEqual([202, { run_id, task_id, generation: 2, replayed_steps: 1, dropped_steps: 1 }])
	const run = await eventually(
		async () => {
			const answer = await world.call('GET', `/v1/runs/${run_id}`)
			return answer.body.status === 'done' && answer.body
		},
		{ what: 'the second generation' },
	)
	expect(run).toMatchObject({ generation: 2, result_ref: { name: 'Ann', out: 'Ann', again: 'given' } })
	expect((await world.call('GET', `/v1/runs/${run_id}/generations`)).body).toMatchObject({
		run_id,
		current: 2,
		closed: [{ generation: 1, status: 'done', result_ref: { again: 'Ann' }, step_entries: [{ position: '/0' }, { position: '/1' }] }],
	})
	const { events } = (await world.call('GET', `/v1/runs/${run_id}/trace?kind=core.run_started`)).body
	expect(events.map(({ payload }: { payload: { mode: string } }) => payload.mode)).toEqual(['launch', 'rerun'])
	const asNew = await world.call('POST', `/v1/runs/${run_id}/rerun-from`, { from_step: 'identity', as: 'new_run' })
	expect([asNew.status, asNew.body.run_id === run_id, asNew.body.dropped_steps]).toEqual([202, false, 2])
})

test('rerun-from refuses blank, unknown, unended and never reached, each by its status', async () => {
	departs('01.C107', '04.79')
	await using world = httpWorld({ workers: { hang } })
	const { run_id } = (await world.launch(echo, { init_ctx: { name: 'Ann' } })).body
	const { run_id: running } = (await world.launch(stuck, { detach: true })).body
	expect(await refused(world, `/v1/runs/${run_id}/rerun-from`, { from_step: ' ' })).toEqual([400, 'blank_from_step'])
	expect(await refused(world, '/v1/runs/R-0/rerun-from', { from_step: 'x' })).toEqual([404, 'unknown_run'])
	expect(await refused(world, `/v1/runs/${running}/rerun-from`, { from_step: 'hang' })).toEqual([409, 'run_not_ended'])
	expect(await refused(world, `/v1/runs/${run_id}/rerun-from`, { from_step: 'x' })).toEqual([422, 'unknown_from_step'])
	expect(await refused(world, `/v1/runs/${run_id}/rerun-from`, {})).toEqual([422, 'invalid_body'])
})

test('pause shows in the phase, resume takes the run on', async () => {
	const slow = gated()
	await using world = httpWorld({ workers: { slow } })
	const { run_id } = (
		await world.launch(blueprintOf(seq(step('slow', lit(1), '$.a'), step('identity', lit(2), '$.b')), ['slow', 'identity']), {
			detach: true,
		})
	).body
	const pause = `/v1/runs/${run_id}/pause`
	expect((await world.call('POST', pause)).status).toBe(204)
	expect((await world.call('GET', `/v1/runs/${run_id}`)).body).toMatchObject({ status: 'running', phase: 'paused' })
	slow.release()
	expect((await world.call('POST', `/v1/runs/${run_id}/resume`)).status).toBe(202)
	await eventually(async () => (await world.call('GET', `/v1/runs/${run_id}`)).body.status === 'done', { what: 'the end' })
	expect(await refused(world, pause)).toEqual([409, 'not_pausable'])
	expect(await refused(world, '/v1/runs/R-0/pause')).toEqual([404, 'unknown_run'])
})

test('a step in flight is cancelled by its id', async () => {
	const slow = gated()
	await using world = httpWorld({ workers: { slow } })
	const { run_id } = (await world.launch(blueprintOf(step('slow', lit(1), '$.a'), ['slow']), { detach: true })).body
	await eventually(() => slow.prompts.length > 0, { what: 'the step began' })
	const [{ step_id }] = (await world.call('GET', `/v1/runs/${run_id}/steps`)).body.steps
	expect((await world.call('POST', `/v1/steps/${step_id}/cancel`)).status).toBe(204)
	expect((await world.call('GET', `/v1/runs/${run_id}/steps`)).body.steps).toMatchObject([
		{ status: 'cancelled', error: { code: 'cancelled' } },
	])
	expect(await refused(world, `/v1/steps/${step_id}/cancel`)).toEqual([409, 'step_not_in_flight'])
	expect(await refused(world, '/v1/steps/ST-0/cancel')).toEqual([404, 'unknown_step'])
})

test('many runs are steered by a filter, which must not be empty', async () => {
	await using world = httpWorld({ workers: { hang } })
	const launch = async () => (await world.launch(stuck, { detach: true })).body
	const [a, b] = [await launch(), await launch()]
	expect(await refused(world, '/v1/runs/cancel', {})).toEqual([400, 'empty_filter'])
	expect(await refused(world, '/v1/runs/cancel', { blueprints: 'x' })).toEqual([422, 'invalid_body'])
	expect((await world.call('POST', '/v1/runs/pause', { task_id: a.task_id })).body).toEqual({ changed: [a.run_id], refused: [] })
	expect((await world.call('POST', '/v1/runs/resume', { run_ids: [a.run_id, b.run_id] })).body.changed).toEqual([a.run_id])
	const all = await world.call('POST', '/v1/runs/cancel', { all: true, reason: 'closing time' })
	expect(all.body.changed.sort()).toEqual([a.run_id, b.run_id].sort())
	expect((await world.call('GET', `/v1/runs/${a.run_id}`)).body.result_ref.error.message).toBe('closing time')
})
