import { expect, test } from 'bun:test'
import { applyPatch } from 'fast-json-patch'
import type { JsonObject } from '../../../../src/kernel/json.ts'
import { blueprintOf, lit, step } from '../../../support/blueprints.ts'
import { httpWorld } from '../support.ts'

const version = (value: number, over: JsonObject = {}) => blueprintOf(step('identity', lit(value), '$.out'), ['identity'], over)

/** A world in which these documents were committed one after another, and their versions. */
async function worldOf(...documents: JsonObject[]) {
	const world = httpWorld()
	const versions: string[] = []
	for (const document of documents) versions.push((await world.call('POST', '/v1/blueprints/test', document)).body.version)
	return { world, versions }
}

test('a version is shown with its document and its newest commit, of an archived Blueprint too', async () => {
	const ours = version(1, { metadata: { policy: { timeout_ms: 5 } } })
	const { world, versions } = await worldOf(ours, version(2))
	await using _ = world
	await world.call('DELETE', '/v1/blueprints/test')
	const { status, body } = await world.call('GET', `/v1/blueprints/test/versions/${versions[0]}`)
	expect([status, body]).toEqual([
		200,
		{
			...{ id: 'test', version: versions[0], blueprint: { ...ours, metadata: {} } },
			extensions: { '$.metadata.policy': { timeout_ms: 5 } },
			commit: expect.objectContaining({ hash: versions[0], parent: null, rationale: 'seed' }),
		},
	])
})

test('a diff is a patch that makes one document into the other', async () => {
	const odd = version(2, { hints: { per_agent: { 'a/b~c': 1 }, global: [1, 2, 3] }, metadata: { policy: { timeout_ms: 5 } } })
	const { world, versions } = await worldOf(version(1, { hints: { global: [1] } }), odd)
	await using _ = world
	const [first, second] = versions
	const between = await world.call('GET', `/v1/blueprints/test/diff?from=${first}&to=${second}`)
	expect([between.body.from, between.body.to]).toEqual([first, second])
	const patched = applyPatch(structuredClone(version(1, { hints: { global: [1] } })), between.body.patch, true).newDocument
	expect(patched).toEqual(odd)
	expect((await world.call('GET', '/v1/blueprints/test/diff')).body).toEqual(between.body)
	const same = await world.call('GET', `/v1/blueprints/test/diff?from=${second}&to=${second}`)
	expect(same.body.patch).toEqual([])
	const whole = await world.call('GET', `/v1/blueprints/test/diff?to=${first}`)
	expect([whole.body.from, whole.body.patch]).toEqual([null, [expect.objectContaining({ path: '' })]])
})

test('restoring makes an earlier version the head with a commit of its own, once', async () => {
	const { world, versions } = await worldOf(version(1), version(2))
	await using _ = world
	const body = { version: versions[0], author: 'ann', message: 'back' }
	const restored = await world.call('POST', '/v1/blueprints/test/restore', body)
	expect([restored.status, restored.body]).toEqual([201, { id: 'test', version: versions[0], restored: true }])
	const { entries } = (await world.call('GET', '/v1/blueprints/test/history')).body
	expect(entries).toHaveLength(3)
	expect(entries[0]).toMatchObject({ hash: versions[0], parent: versions[1], author: 'ann', rationale: 'back' })
	const again = await world.call('POST', '/v1/blueprints/test/restore', body)
	expect([again.status, again.body.restored]).toEqual([200, false])
})

test('restoring is refused for an unknown version, a moved head, an archived Blueprint and an unknown key', async () => {
	const { world, versions } = await worldOf(version(1), version(2))
	await using _ = world
	const restore = async (body: object, headers: Record<string, string> = {}, id = 'test') => {
		const answer = await world.call('POST', `/v1/blueprints/${id}/restore`, body, headers)
		return [answer.status, answer.body.code]
	}
	expect(await restore({ version: 'f'.repeat(64) })).toEqual([404, 'unknown_version'])
	expect(await restore({ version: versions[0] }, {}, 'nobody')).toEqual([404, 'unknown_blueprint'])
	expect(await restore({ version: versions[0], expected_head: versions[0] })).toEqual([409, 'head_moved'])
	expect(await restore({ version: versions[0] }, { 'if-match': `"${versions[0]}"` })).toEqual([409, 'head_moved'])
	expect(await restore({ version: versions[0], force: true })).toEqual([422, 'invalid_body'])
	await world.call('DELETE', '/v1/blueprints/test')
	expect(await restore({ version: versions[0] })).toEqual([409, 'blueprint_archived'])
})

test('an unknown id or version is 404 wherever it is asked for', async () => {
	const { world } = await worldOf(version(1))
	await using _ = world
	for (const [path, code] of [
		['/v1/blueprints/nobody/versions/x', 'unknown_blueprint'],
		['/v1/blueprints/test/versions/x', 'unknown_version'],
		['/v1/blueprints/nobody/diff', 'unknown_blueprint'],
		['/v1/blueprints/test/diff?from=x', 'unknown_version'],
		['/v1/blueprints/test/diff?to=x', 'unknown_version'],
	] as const) {
		const answer = await world.call('GET', path)
		expect([path, answer.status, answer.body.code]).toEqual([path, 404, code])
	}
})
