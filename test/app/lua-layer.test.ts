import { expect, test } from 'bun:test'
import { buildApp, defaultLayerRegistry, luaLayer } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { blueprintOf, lit, seq, step } from '../support/blueprints.ts'

/** What a run ends with in an app of one's own. */
async function launch(blueprint: JsonObject, options: Parameters<typeof buildApp>[0]) {
	const app = await buildApp(options)
	try {
		const request = new Request('http://localhost/v1/tasks', {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify({ blueprint: { kind: 'inline', value: blueprint }, init_ctx: {} }),
		})
		return (await (await app.http.handle(request)).json()) as { readonly final_ctx: { readonly a: unknown } }
	} finally {
		await app.stop()
	}
}

test('an app may put Lua functions around every attempt, or where a Blueprint asks for them', async () => {
	const after = 'function(ctx, result) return { value = ctx.agent .. " was here", ok = true } end'
	const layers: NonNullable<Parameters<typeof buildApp>[0]>['layers'] = (parts) => {
		const { base, hints } = defaultLayerRegistry(parts)
		return { base, hints: new Map([...hints, ['signed', luaLayer(parts, { after })]]) }
	}
	const plain = blueprintOf(step('identity', lit(1), '$.a'), ['identity'])
	expect((await launch(plain, { layers })).final_ctx.a).toMatchObject({ echoed: '1' })
	expect((await launch({ ...plain, spawner_hints: { layers: ['signed'] } }, { layers })).final_ctx).toEqual({ a: 'identity was here' })
	const before = 'function(ctx) error("closed", 0) end'
	const closed = await launch(plain, { layers: (parts) => ({ base: [luaLayer(parts, { before })], hints: new Map() }) })
	expect(JSON.stringify(closed)).toContain('spawn rejected by middleware: lua before: closed')
})

test('children get the variables that child_env names, and no other secrets of the server', async () => {
	const config = loadConfig({ flags: new Map([['child-env', ['SOME_KEY']]]), env: {}, readFile: () => undefined })
	const environment = { PATH: '/usr/bin:/bin', SOME_KEY: 'one', OTHER_KEY: 'two' }
	const agents = [{ name: 'child', kind: 'subprocess', spec: { program: '/bin/sh', args: ['-c', 'echo "$SOME_KEY, $OTHER_KEY"'] } }]
	const document = { id: 'x', flow: seq(step('child', lit(1), '$.a')), agents }
	expect((await launch(document, { config, environment })).final_ctx.a).toMatchObject({ raw: 'one,' })
})
