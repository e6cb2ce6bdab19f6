import { expect, test } from 'bun:test'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { blueprintOf, lit, step } from '../../support/blueprints.ts'
import { joinedOperator, testServer } from '../../support/test-server.ts'

const asked: JsonObject = {
	id: 'asking',
	flow: step('asked', lit('hi'), '$.out'),
	agents: [{ name: 'asked', kind: 'operator', spec: { operator_ref: 'ann' } }],
}
const launchOf = (value: JsonObject): JsonObject => ({ blueprint: { kind: 'inline', value }, init_ctx: {}, detach: true })
const plain = launchOf(blueprintOf(step('identity', lit(1), '$.out'), ['identity']))

test('where an admin token is wanted a handle alone launches nothing, and beside it names the parent', async () => {
	const admin = { authorization: 'Bearer an-admin-token' }
	await using server = await testServer({ 'admin-token': 'an-admin-token' })
	using operator = await joinedOperator(server, 'ann', admin)
	const parent = (await server.call('POST', '/v1/tasks', launchOf(asked), admin)).body.run_id
	const { bearer, stepId } = await operator.spawned()
	expect((await server.call('POST', '/v1/tasks', plain, { authorization: bearer })).status).toBe(401)
	const headers = { ...admin, 'mse-parent': bearer.slice('Bearer '.length) }
	const child = (await server.call('POST', '/v1/tasks', plain, headers)).body
	const { body } = await server.call('GET', `/v1/runs/${child.run_id}`, undefined, admin)
	expect(body).toMatchObject({ parent: { run_id: parent, step_id: stepId }, depth: 1 })
	const again = (await server.call('POST', `/v1/tasks/${child.task_id}/runs`, { detach: true }, headers)).body
	expect((await server.call('GET', `/v1/runs/${again.run_id}`, undefined, admin)).body.depth).toBe(1)
})

test('a handle that is unknown, or whose run has ended, launches nothing', async () => {
	await using server = await testServer()
	using operator = await joinedOperator(server, 'ann')
	const unknown = await server.call('POST', '/v1/tasks', plain, { authorization: 'Bearer wh-0123456789abcdef' })
	expect([unknown.status, unknown.body.code]).toEqual([401, 'unknown_handle'])
	const { run_id } = (await server.call('POST', '/v1/tasks', launchOf(asked))).body
	const { bearer } = await operator.spawned()
	await server.call('POST', `/v1/runs/${run_id}/cancel`)
	const late = await server.call('POST', '/v1/tasks', plain, { authorization: bearer })
	expect([late.status, late.body.code]).toEqual([410, 'run_ended'])
	expect((await server.call('GET', '/v1/tasks')).body).toHaveLength(1)
})
