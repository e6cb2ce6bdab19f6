import { expect, test } from 'bun:test'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadConfig } from '../../src/config.ts'
import { expandFileDocument, expandPosted } from '../../src/engine/expansion.ts'
import { httpWorld } from '../edge/http/support.ts'
import { tempDir } from '../support/temp-dir.ts'
import { verifies } from '../support/verifies.ts'

const config = (flags: { readonly [name: string]: readonly string[] }) =>
	loadConfig({ flags: new Map(Object.entries(flags)), env: {}, readFile: () => undefined })

const withAgent = { id: 'm', flow: { kind: 'seq', children: [] }, agents: [{ $agent_md: 'a.md' }] }

function folder(...names: string[]) {
	const dir = tempDir()
	for (const name of names) {
		mkdirSync(join(dir.path, name))
		writeFileSync(join(dir.path, name, `${name}.txt`), name)
		writeFileSync(join(dir.path, name, 'same.txt'), name)
		writeFileSync(join(dir.path, name, 'a.md'), `---\nname: from-${name}\n---\nbody`)
	}
	return { at: (name: string) => join(dir.path, name), [Symbol.dispose]: () => dir[Symbol.dispose]() }
}

test('a posted Blueprint is stored with its files in place when the server has a base folder', async () => {
	verifies('01.C129')
	using dir = folder('base')
	const settings = config({ 'blueprint-ref-base': [dir.at('base')], 'default-agent-kind': ['lua'] })
	await using world = httpWorld({ expand: expandPosted(settings, {}) })
	expect((await world.call('POST', '/v1/blueprints/m', withAgent)).status).toBe(201)
	const { blueprint } = (await world.call('GET', '/v1/blueprints/m/head')).body
	expect(blueprint.agents).toMatchObject([{ name: 'from-base', kind: 'lua', profile: { system_prompt: 'body' } }])
	const missing = await world.call('POST', '/v1/blueprints/m', { ...withAgent, agents: [{ $agent_md: 'b.md' }] })
	expect([missing.status, missing.body.code]).toEqual([400, 'reference_unresolved'])
	expect(missing.body.error).toStartWith('ref expand: $agent_md ref expansion at "b.md": not found in include cascade')
	expect(missing.body.hint).toContain(dir.at('base'))
})

test('without a base folder references stay, with strict embed they are refused', async () => {
	verifies('01.C129', '06.14')
	using dir = folder('base')
	await using world = httpWorld({ expand: expandPosted(config({}), {}) })
	const untouched = await world.call('POST', '/v1/blueprints/m', withAgent)
	expect([untouched.status, untouched.body.code]).toEqual([400, 'blueprint_invalid'])
	const strict = config({ 'blueprint-ref-base': [dir.at('base')], 'blueprint-strict-embed': ['true'] })
	await using closed = httpWorld({ expand: expandPosted(strict, {}) })
	const refused = await closed.call('POST', '/v1/blueprints/m', withAgent)
	expect([refused.status, refused.body.code, refused.body.details]).toEqual([400, 'reference_embedded', { paths: ['$.agents[0]'] }])
})

test('the environment’s folders are searched before those of the configuration, after the file’s own', async () => {
	using dir = folder('base', 'env', 'more', 'configured')
	const settings = config({ include: [dir.at('configured')] })
	const environment = { MSE_BLUEPRINT_INCLUDES: `${dir.at('env')}:${dir.at('more')}` }
	const names = ['same', 'env', 'more', 'configured']
	const expanded = await expandFileDocument(
		names.map((name) => ({ $file: `${name}.txt` })),
		dir.at('base/flow.json'),
		settings,
		environment,
	)
	expect(expanded).toEqual(['base', 'env', 'more', 'configured'])
	const without = await expandFileDocument([{ $file: 'same.txt' }], dir.at('elsewhere.json'), settings, environment)
	expect(without).toEqual(['env'])
})
