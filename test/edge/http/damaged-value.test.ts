import { expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { eventually } from '../../support/eventually.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { testServer } from '../../support/test-server.ts'

const large = 'x'.repeat(300_000)
const blueprint = { kind: 'id', id: 'main' }

test('a run whose values the disk lost is listed with an error beside the others, and so is its task', async () => {
	using dir = tempDir()
	await using server = await testServer({ ephemeral: 'false', 'data-dir': dir.path })
	const good = (await server.call('POST', '/v1/tasks', { blueprint, init_ctx: { n: 1 } })).body
	const bad = (await server.call('POST', '/v1/tasks', { blueprint, init_ctx: { large } })).body
	rmSync(join(dir.path, 'blob'), { recursive: true })

	const runs = await server.call('GET', '/v1/runs')
	expect(runs.status).toBe(200)
	const [first, second] = runs.body.runs
	expect(first).toMatchObject({ id: bad.run_id, status: 'done', result_ref: null, error: { code: 'storage_damaged' } })
	expect(second).toMatchObject({ id: good.run_id, status: 'done' })
	expect(second.error).toBeUndefined()

	const tasks = await server.call('GET', '/v1/tasks')
	expect(tasks.body[0]).toMatchObject({ id: bad.task_id, input_ctx: null, error: { code: 'storage_damaged' } })
	expect(tasks.body[1]).toMatchObject({ id: good.task_id, input_ctx: { n: 1 } })

	expect((await server.call('GET', `/v1/runs/${bad.run_id}`)).body).toEqual(first)
	expect((await server.call('POST', `/v1/runs/${bad.run_id}/rerun-from`, { from_step: 'main' })).body.code).toBe('storage_damaged')
	expect((await server.call('DELETE', `/v1/runs/${bad.run_id}`)).status).toBe(204)
	expect((await server.call('GET', `/v1/runs/${bad.run_id}`)).status).toBe(404)
})

test('a run whose values the disk lost is cancelled as any other', async () => {
	using dir = tempDir()
	await using server = await testServer({ ephemeral: 'false', 'data-dir': dir.path })
	const agents = [{ name: 'w', kind: 'operator', spec: { operator_ref: 'ada' } }]
	const flow = { kind: 'step', ref: 'w', in: { op: 'lit', value: 1 }, out: { op: 'path', at: '$.t' } }
	const value = { id: 'ask-ada', flow, agents, operators: [{ name: 'ada' }] }
	await server.call('POST', '/v1/operators', { roles: ['bob'] })
	const { run_id } = (await server.call('POST', '/v1/tasks', { blueprint: { kind: 'inline', value }, init_ctx: { large }, detach: true }))
		.body
	const { sid } = (await server.call('POST', '/v1/operators', { roles: ['ada'] })).body
	await eventually(async () => (await server.call('GET', `/v1/operator-sessions/${sid}`)).body.seats.length === 1, { what: 'the seat' })
	rmSync(join(dir.path, 'blob'), { recursive: true })
	expect((await server.call('GET', `/v1/operator-sessions/${sid}`)).body.seats).toMatchObject([{ run_id, held: true }])
	expect((await server.call('GET', `/v1/runs/${run_id}/generations`)).status).toBe(200)
	expect((await server.call('POST', `/v1/runs/${run_id}/cancel`)).status).toBe(204)
	expect((await server.call('GET', `/v1/runs/${run_id}`)).body).toMatchObject({ status: 'cancelled', error: { code: 'storage_damaged' } })
	expect((await server.call('GET', '/v1/status')).body.running_runs).toBe(0)
})
