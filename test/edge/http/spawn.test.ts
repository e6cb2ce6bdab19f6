import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { join } from 'node:path'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { blueprintOf, lit, step } from '../../support/blueprints.ts'
import { eventually } from '../../support/eventually.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { joinedOperator, type TestServer, testServer } from '../../support/test-server.ts'

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

const statusOf = async (server: TestServer, id: string): Promise<string> => (await server.call('GET', `/v1/runs/${id}`)).body.status

test('a run is cancelled with the one whose worker started it, however deep, and nothing else is', async () => {
	await using server = await testServer()
	using operator = await joinedOperator(server, 'ann')
	const launch = async (bearer?: string): Promise<{ readonly id: string; readonly bearer: string }> => {
		const headers = bearer === undefined ? {} : { authorization: bearer }
		const { run_id } = (await server.call('POST', '/v1/tasks', launchOf(asked), headers)).body
		return { id: run_id, bearer: (await operator.spawned()).bearer }
	}
	const parent = await launch()
	const child = await launch(parent.bearer)
	const grandchild = await launch(child.bearer)
	const other = await launch()
	await server.call('POST', `/v1/runs/${parent.id}/cancel`)
	await eventually(async () => (await statusOf(server, grandchild.id)) === 'cancelled', { what: 'the end of the grandchild' })
	expect(await statusOf(server, child.id)).toBe('cancelled')
	expect(await statusOf(server, other.id)).toBe('running')
	const { result_ref } = (await server.call('GET', `/v1/runs/${child.id}`)).body
	expect(JSON.stringify(result_ref)).toContain(`Run ${parent.id}, whose worker started it, was cancelled.`)
})

test('a run whose parent was cancelled right before the server died is cancelled at the next start', async () => {
	using dir = tempDir()
	const flags = { ephemeral: 'false', 'data-dir': dir.path }
	const ids: string[] = []
	{
		await using server = await testServer(flags)
		using operator = await joinedOperator(server, 'ann')
		ids.push((await server.call('POST', '/v1/tasks', launchOf(asked))).body.run_id)
		const { bearer } = await operator.spawned()
		ids.push((await server.call('POST', '/v1/tasks', launchOf(asked), { authorization: bearer })).body.run_id)
		await operator.spawned()
	}
	const [parent = '', child = ''] = ids
	using database = new Database(join(dir.path, 'mse.db'))
	database.query("UPDATE run SET status = 'cancelled' WHERE id = ?").run(parent)
	database.close()
	await using server = await testServer(flags)
	expect(await statusOf(server, child)).toBe('cancelled')
})

test('a child that somebody ran again after its parent was cancelled is theirs, also after a restart', async () => {
	using dir = tempDir()
	const flags = { ephemeral: 'false', 'data-dir': dir.path }
	const again: string[] = []
	{
		await using server = await testServer(flags)
		using operator = await joinedOperator(server, 'ann')
		const parent = (await server.call('POST', '/v1/tasks', launchOf(asked))).body.run_id
		const { bearer } = await operator.spawned()
		const child = (await server.call('POST', '/v1/tasks', launchOf(asked), { authorization: bearer })).body.run_id
		await operator.spawned()
		await server.call('POST', `/v1/runs/${parent}/cancel`)
		await eventually(async () => (await statusOf(server, child)) === 'cancelled', { what: 'the end of the child' })
		for (const as of ['new_run', 'in_place']) {
			const rerun = await server.call('POST', `/v1/runs/${child}/rerun-from`, { from_step: 'asked', as })
			again.push(rerun.body.run_id)
			await operator.spawned()
		}
		for (const id of again) expect(await statusOf(server, id)).toBe('running')
	}
	await using server = await testServer(flags)
	for (const id of again) expect(await statusOf(server, id)).toBe('running')
})
