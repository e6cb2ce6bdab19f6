import { expect, test } from 'bun:test'
import { blueprintOf, lit, step } from '../../../support/blueprints.ts'
import { testServer } from '../../../support/test-server.ts'
import { hang } from '../../../support/workers.ts'
import { httpWorld } from '../support.ts'

test('a server is paused and resumed over HTTP, and says so in status and readiness', async () => {
	await using server = await testServer()
	const paused = await server.call('POST', '/v1/server/pause', { reason: 'a bad model' })
	expect(paused).toMatchObject({ status: 200, body: { reason: 'a bad model', since: expect.any(Number) } })
	expect((await server.call('GET', '/v1/status')).body.paused.reason).toBe('a bad model')
	expect(await server.call('GET', '/v1/readyz')).toMatchObject({ status: 503, body: { reasons: ['the server is paused: a bad model'] } })
	expect((await server.call('GET', '/v1/healthz')).status).toBe(200)
	const launched = await server.call('POST', '/v1/tasks', { blueprint: { kind: 'id', id: 'main' }, init_ctx: {}, detach: true })
	expect(launched.status).toBe(202)
	expect((await server.call('GET', `/v1/runs/${launched.body.run_id}`)).body.phase).toBe('paused')
	expect((await server.call('POST', '/v1/server/resume')).status).toBe(204)
	expect((await server.call('GET', '/v1/readyz')).status).toBe(200)
	expect((await server.call('GET', '/v1/status')).body.paused).toBeUndefined()
	expect(await server.call('POST', '/v1/server/resume')).toMatchObject({ status: 409, body: { code: 'not_paused' } })
})

test('cancelling a task ends every run of it', async () => {
	await using world = httpWorld({ workers: { hang } })
	const blueprint = blueprintOf(step('hang', lit(1), '$.a'), ['hang'])
	const { body } = await world.launch(blueprint, { detach: true })
	await world.call('POST', `/v1/tasks/${body.task_id}/runs`, { detach: true })
	const cancelled = await world.call('POST', `/v1/tasks/${body.task_id}/cancel`)
	expect([cancelled.status, cancelled.body.changed.length, cancelled.body.refused]).toEqual([200, 2, []])
	const { runs } = (await world.call('GET', `/v1/tasks/${body.task_id}`)).body
	expect(runs.map(({ status }: { status: string }) => status)).toEqual(['cancelled', 'cancelled'])
	expect((await world.call('POST', '/v1/tasks/nobody/cancel')).body.code).toBe('unknown_task')
})

test('a launch may bring limits of its run, and null is no limit', async () => {
	await using world = httpWorld()
	const blueprint = blueprintOf(step('identity', lit(1), '$.a'), ['identity'])
	const run_policy = { timeout_ms: null, budget: { attempts: 5, tokens: null } }
	const { body } = await world.launch(blueprint, { run_policy })
	const run = await world.runs.run(body.run_id)
	expect(run?.options.runPolicy).toEqual({ budget: { attempts: 5 } })
	expect((await world.launch(blueprint, { run_policy: { budget: { attempts: 0 } } })).status).toBe(422)
})
