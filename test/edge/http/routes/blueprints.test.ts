import { expect, test } from 'bun:test'
import { parseBlueprint } from '../../../../src/core/blueprint/parse.ts'
import { blueprintOf, lit, step } from '../../../support/blueprints.ts'
import { verifies } from '../../../support/verifies.ts'
import { httpWorld } from '../support.ts'

const first = blueprintOf(step('identity', lit(1), '$.out'), ['identity'])
const second = blueprintOf(step('identity', lit(2), '$.out'), ['identity'], { metadata: { version_label: '1.2.0' } })
const HEX = /^[0-9a-f]{64}$/

test('registering is 201 for a new head and 200 for the same one', async () => {
	await using world = httpWorld()
	const created = await world.call('POST', '/v1/blueprints/test', first)
	expect([created.status, created.body]).toEqual([
		201,
		{ id: 'test', version: expect.stringMatching(HEX), seeded: true, diagnostics: expect.any(Array) },
	])
	const again = await world.call('POST', '/v1/blueprints/test', first)
	expect([again.status, again.body.seeded]).toEqual([200, false])
	expect((await world.call('POST', '/v1/blueprints/test', second)).status).toBe(201)
})

test('the head has nothing of ours inside the blueprint, and our keys beside it', async () => {
	await using world = httpWorld()
	const policy = { timeout_ms: 5000 }
	const ours = { ...first, metadata: { policy } }
	const { version } = (await world.call('POST', '/v1/blueprints/test', ours)).body
	const { status, body, headers } = await world.call('GET', '/v1/blueprints/test/head')
	expect([status, headers.get('etag')]).toEqual([200, `"${version}"`])
	expect(body).toEqual({ id: 'test', version, blueprint: { ...first, metadata: {} }, extensions: { '$.metadata.policy': policy } })
	expect(parseBlueprint(body.blueprint).diagnostics.filter(({ level }) => level === 'error')).toEqual([])
	await world.call('POST', '/v1/blueprints/test', first)
	expect(Object.keys((await world.call('GET', '/v1/blueprints/test/head')).body)).toEqual(['id', 'version', 'blueprint'])
})

test('a document that does not parse is 400 with every mistake, one with errors is refused only when strict', async () => {
	await using world = httpWorld()
	const broken = await world.call('POST', '/v1/blueprints/test', { id: 'test', flow: { kind: 'seq', children: 5 }, agents: 'none' })
	expect([broken.status, broken.body.code]).toEqual([400, 'blueprint_invalid'])
	expect(broken.body.error).toContain('bp_schema')
	expect(broken.body.details.diagnostics.length).toBeGreaterThan(1)
	const dangling = blueprintOf(step('nobody', lit(1), '$.out'), [])
	const strict = await world.call('POST', '/v1/blueprints/test?strict=true', dangling)
	expect([strict.status, strict.body.code]).toEqual([422, 'blueprint_refused'])
	expect((await world.call('GET', '/v1/blueprints/test/head')).status).toBe(404)
	const lenient = await world.call('POST', '/v1/blueprints/test', dangling)
	expect(lenient.status).toBe(201)
	expect(lenient.body.diagnostics.some(({ level }: { level: string }) => level === 'Error')).toBe(true)
	const other = await world.call('POST', '/v1/blueprints/other', first)
	expect([other.status, other.body.error]).toEqual([400, 'path id=other != body.id=test'])
})

test('a writer that names the head it knows loses against a newer one', async () => {
	await using world = httpWorld()
	const version = (await world.call('POST', '/v1/blueprints/test', first, { 'if-none-match': '*' })).body.version
	expect((await world.call('POST', '/v1/blueprints/test', second, { 'if-none-match': '*' })).status).toBe(409)
	expect((await world.call('POST', '/v1/blueprints/test?expected_head=none', second)).status).toBe(409)
	expect((await world.call('POST', '/v1/blueprints/test', second, { 'if-match': `"${version}"` })).status).toBe(201)
	const late = await world.call('POST', `/v1/blueprints/test?expected_head=${version}`, first)
	expect([late.status, late.body.code]).toEqual([409, 'head_moved'])
	expect(late.body.details.head).toMatch(HEX)
	expect((await world.call('POST', '/v1/blueprints/test', first, { 'if-match': 'W/"x"' })).status).toBe(400)
})

test('the history is newest first, in pages, and empty for an unknown id', async () => {
	verifies('06.9')
	await using world = httpWorld()
	for (const document of [first, second, first]) await world.call('POST', '/v1/blueprints/test', document)
	const { body } = await world.call('GET', '/v1/blueprints/test/history')
	expect([body.count, body.entries.map((entry: { version_label: string | null }) => entry.version_label)]).toEqual([
		3,
		[null, '1.2.0', null],
	])
	expect(body.entries[0].hash).toBe(body.entries[2].hash)
	expect([body.entries[0].rationale, body.entries[0].parent]).toEqual(['seed', body.entries[1].hash])
	const page = await world.call('GET', `/v1/blueprints/test/history?limit=1&before=${body.entries[1].seq}`)
	expect(page.body.entries).toEqual([body.entries[2]])
	expect((await world.call('GET', '/v1/blueprints/nobody/history')).body).toEqual({ count: 0, entries: [] })
})

test('an archived Blueprint keeps its history and comes back', async () => {
	verifies('06.10')
	await using world = httpWorld()
	await world.call('POST', '/v1/blueprints/test', first)
	expect((await world.call('DELETE', '/v1/blueprints/test')).status).toBe(204)
	expect((await world.call('DELETE', '/v1/blueprints/test')).status).toBe(204)
	const head = await world.call('GET', '/v1/blueprints/test/head')
	expect([head.status, head.body.error]).toEqual([404, 'blueprint test is archived; POST /v1/blueprints/test/unarchive first'])
	expect((await world.call('POST', '/v1/blueprints/test', second)).status).toBe(409)
	expect((await world.call('GET', '/v1/blueprints')).body.blueprints).toMatchObject([{ id: 'test', archived: true }])
	expect((await world.call('GET', '/v1/blueprints/test/history')).body.count).toBe(1)
	expect((await world.call('POST', '/v1/blueprints/test/unarchive')).status).toBe(204)
	expect((await world.call('GET', '/v1/blueprints/test/head')).status).toBe(200)
	for (const [method, path] of [
		['DELETE', '/v1/blueprints/nobody'],
		['POST', '/v1/blueprints/nobody/unarchive'],
	] as const)
		expect((await world.call(method, path)).status).toBe(404)
})

test('the JSON Schema of Blueprints is served', async () => {
	verifies('06.6')
	await using world = httpWorld()
	const { status, body } = await world.call('GET', '/v1/blueprint-schema')
	expect([status, body.title, body.properties.flow === undefined]).toEqual([200, 'Blueprint', false])
})
