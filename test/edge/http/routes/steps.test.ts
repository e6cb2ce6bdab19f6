import { expect, test } from 'bun:test'
import { blueprintOf, lit, path, step } from '../../../support/blueprints.ts'
import { httpWorld } from '../support.ts'

const launch = { init_ctx: { name: 'Ada' } }

test('a step is shown with its place, what it took and what came out', async () => {
	await using world = httpWorld()
	const flow = step('identity', path('$.name'), '$.out')
	const { body: run } = await world.call('POST', '/v1/tasks', {
		...launch,
		blueprint: { kind: 'inline', value: blueprintOf(flow, ['identity']) },
	})
	const { body: shown } = await world.call('GET', `/v1/runs/${run.run_id}/steps`)
	const [entry] = shown.steps
	const { status, body } = await world.call('GET', `/v1/steps/${entry.step_id}`)
	expect(status).toBe(200)
	expect(body).toMatchObject({
		...{ step_id: entry.step_id, run_id: run.run_id, step_ref: 'identity', position: entry.position },
		...{ generation: 1, status: 'passed', attempt: 1, output: 'Ada', error: null, system: null, said: [], said_total: 0 },
	})
	expect(body.ended_at).toBeGreaterThanOrEqual(body.started_at)
})

test('an unknown step is 404 with its id in the sentence', async () => {
	await using world = httpWorld()
	const { status, body } = await world.call('GET', '/v1/steps/ST-0')
	expect([status, body.code, body.error]).toEqual([404, 'unknown_step', 'Step ST-0 does not exist.'])
})

test('a run shows the Blueprint it goes by, also an inline one, with defaults written out', async () => {
	await using world = httpWorld()
	const flow = step('identity', lit('hello'), '$.out')
	const document = blueprintOf(flow, ['identity'], { id: 'kept' })
	const { body: run } = await world.call('POST', '/v1/tasks', { ...launch, blueprint: { kind: 'inline', value: document } })
	const { status, body } = await world.call('GET', `/v1/runs/${run.run_id}/blueprint`)
	expect([status, body.run_id, body.blueprint_id]).toEqual([200, run.run_id, 'kept'])
	expect(body.blueprint).toMatchObject({ id: 'kept', flow, operators: [] })
	expect((await world.call('GET', '/v1/runs/R-0/blueprint')).status).toBe(404)
})

test('runs are listed by the id of their Blueprint', async () => {
	await using world = httpWorld()
	for (const id of ['a', 'b', 'a']) {
		const document = blueprintOf(step('identity', lit(1), '$.out'), ['identity'], { id })
		await world.call('POST', '/v1/tasks', { ...launch, blueprint: { kind: 'inline', value: document } })
	}
	const { body } = await world.call('GET', '/v1/runs?blueprint=a')
	expect(body.runs.map((run: { blueprint_id: string }) => run.blueprint_id)).toEqual(['a', 'a'])
})

test('a run with a limit says how long it may be worked on, one without says nothing', async () => {
	await using world = httpWorld()
	const blueprint = { kind: 'inline', value: blueprintOf(step('identity', lit(1), '$.out'), ['identity']) }
	const shown = async (over: object) => {
		const { body } = await world.call('POST', '/v1/tasks', { ...launch, blueprint, ...over })
		return (await world.call('GET', `/v1/runs/${body.run_id}`)).body.work_limit
	}
	expect(await shown({ run_policy: { timeout_ms: 60_000 } })).toEqual({ ms: 60_000, used_ms: expect.any(Number) })
	expect(await shown({})).toBeUndefined()
})
