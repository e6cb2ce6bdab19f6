import { expect, test } from 'bun:test'
import type { Worker } from '../../../../src/core/dispatch/backend.ts'
import { asRunId } from '../../../../src/kernel/id.ts'
import { blueprintOf, lit, seq, step } from '../../../support/blueprints.ts'
import { eventually } from '../../../support/eventually.ts'
import { departs, verifies } from '../../../support/verifies.ts'
import { httpWorld } from '../support.ts'

/** Works until its run ends. */
const endless: Worker = {
	pure: false,
	perform: ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
}
const counting: Worker = {
	pure: true,
	perform: () => ({
		final: { value: 1, ok: true },
		stats: { worker_kind: 'function', model: 'none', usage: { input_tokens: 1, output_tokens: 2, total_tokens: 3 }, num_turns: 1 },
	}),
}
const twoSteps = blueprintOf(seq(step('count', lit(1), '$.a'), step('identity', lit('x'), '$.b')), ['count', 'identity'])
const stuck = blueprintOf(step('endless', lit(1), '$.out'), ['endless'])

test('a run is shown with its steps, its figures and its result', async () => {
	await using world = httpWorld({ workers: { count: counting } })
	const launched = (await world.launch(twoSteps)).body
	const { status, body } = await world.call('GET', `/v1/runs/${launched.run_id}`)
	expect(status).toBe(200)
	expect(body.step_entries).toHaveLength(2)
	expect(body.step_entries[0]).toMatchObject({
		step_id: expect.stringMatching(/^ST-[0-9a-f]{16}$/),
		step_ref: 'count',
		status: 'passed',
		attempt: 1,
		duration_ms: expect.any(Number),
		worker_kind: 'function',
		model: 'none',
		usage: { input_tokens: 1, output_tokens: 2, total_tokens: 3 },
		num_turns: 1,
	})
	expect(body).toMatchObject({
		id: launched.run_id,
		task_id: launched.task_id,
		status: 'done',
		phase: null,
		operator_sid: null,
		current: {},
		next_generation: 0,
		result_ref: { a: 1, b: 'x' },
		generation: 1,
		blueprint_id: 'test',
		version: expect.stringMatching(/^[0-9a-f]{64}$/),
	})
	const steps = await world.call('GET', `/v1/runs/${launched.run_id}/steps`)
	expect(steps.body.steps.map(({ step_ref }: { step_ref: string }) => step_ref)).toEqual(['count', 'identity'])
})

test('an unknown run is 404 with its id in the sentence', async () => {
	verifies('01.C102')
	await using world = httpWorld()
	for (const [method, path] of [
		['GET', '/v1/runs/R-0'],
		['GET', '/v1/runs/R-0/steps'],
		['DELETE', '/v1/runs/R-0'],
		['POST', '/v1/runs/R-0/cancel'],
		['POST', '/v1/runs/R-0/resume'],
	] as const) {
		const { status, body } = await world.call(method, path)
		expect([status, body.error]).toEqual([404, 'Run R-0 does not exist.'])
	}
})

test('runs are listed newest first, by task and by status', async () => {
	await using world = httpWorld({ workers: { count: counting, endless } })
	const done = (await world.launch(twoSteps)).body
	const running = (await world.launch(stuck, { detach: true })).body
	const ids = async (query: string) => (await world.call('GET', `/v1/runs${query}`)).body.runs.map(({ id }: { id: string }) => id)
	expect(await ids('')).toEqual([running.run_id, done.run_id])
	expect(await ids('?status=running')).toEqual([running.run_id])
	expect(await ids(`?task_id=${done.task_id}`)).toEqual([done.run_id])
	expect(await ids('?limit=1&offset=1')).toEqual([done.run_id])
	expect(await ids('?task_id=T-0')).toEqual([])
	const wrong = await world.call('GET', '/v1/runs?status=canceled')
	expect([wrong.status, wrong.body.error]).toEqual([
		400,
		'The query parameter `status` has to be one of pending, running, done, failed, interrupted, cancelled.',
	])
	for (const query of ['limit=x', 'limit=-1', 'offset=1.5', 'limit='])
		expect((await world.call('GET', `/v1/runs?${query}`)).status).toBe(400)
})

test('cancel takes no body, really ends the run, and may be repeated', async () => {
	await using world = httpWorld({ workers: { endless } })
	const { run_id } = (await world.launch(stuck, { detach: true })).body
	const { status, body } = await world.call('POST', `/v1/runs/${run_id}/cancel`)
	expect([status, body]).toEqual([204, ''])
	expect((await world.service.wait(asRunId(run_id), AbortSignal.timeout(20_000))).status).toBe('cancelled')
	expect((await world.call('POST', `/v1/runs/${run_id}/cancel`)).status).toBe(204)
	expect((await world.call('GET', `/v1/runs/${run_id}`)).body.status).toBe('cancelled')
})

test('a run that was cancelled while somebody waited for it is 410 for them', async () => {
	verifies('04.27')
	await using world = httpWorld({ workers: { endless } })
	const pending = world.launch(stuck)
	const [runId] = await eventually(async () => (await world.runs.unfinished()).length > 0 && world.runs.unfinished(), {
		what: 'the run began',
	})
	await world.call('POST', `/v1/runs/${runId}/cancel`)
	const { status, body } = await pending
	expect([status, body.code]).toEqual([410, 'run_cancelled'])
})

test('only ended runs are deleted, with everything that was kept of them', async () => {
	await using world = httpWorld({ workers: { endless, count: counting } })
	const { run_id: running } = (await world.launch(stuck, { detach: true })).body
	const refused = await world.call('DELETE', `/v1/runs/${running}`)
	expect([refused.status, refused.body.code]).toEqual([409, 'run_not_ended'])
	const { run_id } = (await world.launch(twoSteps)).body
	expect((await world.call('DELETE', `/v1/runs/${run_id}`)).status).toBe(204)
	expect((await world.call('GET', `/v1/runs/${run_id}`)).status).toBe(404)
	expect((await world.call('GET', `/v1/runs/${run_id}/trace`)).body.events).toEqual([])
})

test('a run that is neither interrupted nor paused cannot be resumed', async () => {
	await using world = httpWorld({ workers: { count: counting } })
	const { run_id } = (await world.launch(twoSteps)).body
	const { status, body } = await world.call('POST', `/v1/runs/${run_id}/resume`)
	expect([status, body.code]).toEqual([409, 'not_resumable'])
})

test('the trace tells the run in the names of mlua-swarm, and pages by the seq of the log', async () => {
	departs('04.81')
	await using world = httpWorld({ workers: { count: counting } })
	const { run_id } = (await world.launch(twoSteps)).body
	const trace = async (query = '') => (await world.call('GET', `/v1/runs/${run_id}/trace${query}`)).body.events
	const all = await trace()
	const kinds = all.map(({ kind }: { kind: string }) => kind)
	expect([kinds[0], kinds.at(-1)]).toEqual(['core.run_started', 'core.run_finished'])
	expect(kinds.filter((kind: string) => kind === 'core.step_completed')).toHaveLength(2)
	expect(all[0].payload.mode).toBe('launch')
	expect(all.at(-1).payload.status).toBe('done')
	expect(all.every((event: { run_id: string; ts_ms: number }) => event.run_id === run_id && event.ts_ms > 10_000_000_000)).toBe(true)
	expect(await trace(`?after=${all[0].seq}&limit=1`)).toEqual([all[1]])
	expect(await trace('?latest=1')).toEqual([all.at(-1)])
	expect(await trace('?kind=core.run_')).toEqual(all.filter(({ kind }: { kind: string }) => kind.startsWith('core.run_')))
	expect(await trace('?kind=worker.,mw.')).toEqual([])
	const steps = await trace('?kind=core.step_completed&step=identity&attempt=1')
	expect(steps.map(({ step_ref, attempt }: { step_ref: string; attempt: number }) => [step_ref, attempt])).toEqual([['identity', 1]])
	expect((await world.call('GET', '/v1/runs/R-0/trace')).body).toEqual({ run_id: 'R-0', events: [] })
})
