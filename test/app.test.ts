import { describe, expect, test } from 'bun:test'
import { Elysia } from 'elysia'
import {
	type AppOptions,
	blueprintRoutes,
	buildApp,
	defaultLayerRegistry,
	defaultRegistry,
	defaultRegistryWithEnhanceFlow,
	enhanceLogRoutes,
	enhanceSettingRoutes,
	issueRoutes,
	newLuaHost,
} from 'mse-server'
import { loadConfig } from '../src/config.ts'
import type { Attempt, Backend } from '../src/core/dispatch/backend.ts'
import type { NewOutput, OutputRecord, OutputStore } from '../src/core/output/store.ts'
import { newOutputId } from '../src/kernel/id.ts'
import type { Json } from '../src/kernel/json.ts'
import { callApp } from './edge/http/support.ts'
import { forMain } from './edge/http/whole-server.ts'
import { blueprintOf, lit, step } from './support/blueprints.ts'
import { tempDir } from './support/temp-dir.ts'
import { verifies } from './support/verifies.ts'

const hello = blueprintOf(step('echo', lit('hello'), '$.out'), ['echo'])
const ofKind = (kind: string) =>
	blueprintOf(step('agent', lit('x'), '$.out'), [], { agents: [{ name: 'agent', kind, spec: { source: 'return 1' } }] })

/** An app without a port, asked as a client would. */
async function appOf(options: AppOptions = {}) {
	const app = await buildApp(options)
	const call = (method: string, path: string, body?: unknown) => callApp(app.http, method, path, body)
	return {
		...app,
		call,
		launch: (blueprint: object, over: object = {}) =>
			call('POST', '/v1/tasks', { blueprint: { kind: 'inline', value: blueprint }, init_ctx: {}, ...over }),
		byId: (id: string) => call('POST', '/v1/tasks', { blueprint: { kind: 'id', id }, init_ctx: {} }),
		[Symbol.asyncDispose]: () => app.stop(),
	}
}

describe('without a Blueprint store', () => {
	test('inline Blueprints run, and those named by id are refused', async () => {
		await using app = await appOf()
		expect((await app.launch(hello)).body).toMatchObject({ status: 'done', final_ctx: { out: 'hello' } })
		const refused = await app.byId('main')
		expect([refused.status, refused.body.code]).toEqual([400, 'store_not_configured'])
		expect((await app.call('GET', '/v1/blueprints')).body).toEqual({ blueprints: [] })
		expect((await app.call('POST', '/v1/blueprints/test', hello)).body.code).toBe('store_not_configured')
		expect((await app.call('GET', '/v1/doctor')).body).toMatchObject({ blueprint_backend: 'none', registered_blueprint_count: 0 })
	})

	test('a run of an inline Blueprint goes on in the next life, and its task can be kicked again', async () => {
		using dir = tempDir()
		const begun = Promise.withResolvers<void>()
		const never = async () => {
			begun.resolve()
			return new Promise<never>(() => {})
		}
		const config = loadConfig({ flags: new Map([['drain-secs', ['0']]]), env: {}, readFile: () => undefined })
		const first = await appOf({ dataDir: dir.path, config, operatorFactory: new Map([['main', never]]) })
		const { body } = await first.launch(forMain(), { detach: true })
		await begun.promise
		await first.stop()
		const done = () => ({ final: { value: 'at last', ok: true } })
		await using second = await appOf({ dataDir: dir.path, operatorFactory: new Map([['main', done]]) })
		await second.recover()
		await second.engine.service.wait(body.run_id, new AbortController().signal)
		expect((await second.call('GET', `/v1/runs/${body.run_id}`)).body.status).toBe('done')
		expect((await second.call('POST', `/v1/tasks/${body.task_id}/runs`, {})).body.status).toBe('done')
	})
})

describe('with a Blueprint store', () => {
	test('of the app’s own database, Blueprints are registered and run by id', async () => {
		await using app = await appOf({ blueprintStore: 'database' })
		expect((await app.byId('main')).status).toBe(200)
		expect((await app.call('POST', '/v1/blueprints/test', hello)).status).toBe(201)
		expect((await app.byId('test')).body.final_ctx).toEqual({ out: 'hello' })
	})

	test('of somebody else’s, what runs use is kept beside the runs', async () => {
		await using owner = await appOf({ blueprintStore: 'database' })
		await owner.call('POST', '/v1/blueprints/test', hello)
		await using app = await appOf({ blueprintStore: owner.engine.blueprints })
		const { body } = await app.byId('test')
		expect(body.final_ctx).toEqual({ out: 'hello' })
		expect(await app.engine.pins.readByHash(body.bound_version)).toMatchObject({ id: 'test' })
		expect((await app.call('GET', '/v1/doctor')).body.blueprint_backend).toBe('custom')
	})
})

describe('outputs', () => {
	const noting = async ({ put }: Attempt) => {
		await put('notes', { type: 'artifact', name: 'notes', content: { kind: 'inline', value: 7 } })
		return { final: { value: 'noted', ok: true } }
	}

	test('without a store of their own, two apps share none', async () => {
		await using a = await appOf({ operatorFactory: new Map([['main', noting]]) })
		await using b = await appOf()
		await a.launch(forMain())
		expect((await a.call('GET', '/v1/data/notes')).status).toBe(200)
		expect((await b.call('GET', '/v1/data/notes')).status).toBe(404)
	})

	test('go to the store that is given', async () => {
		const kept: OutputRecord[] = []
		const outputStore = listStore(kept)
		await using app = await appOf({ outputStore, operatorFactory: new Map([['main', noting]]) })
		expect((await app.launch(forMain())).body.status).toBe('done')
		expect(kept.map(({ producer, plane }) => [producer, plane])).toContainEqual(['notes', 'data'])
		expect((await app.call('GET', '/v1/data/notes')).body.event.content.value).toBe(7)
	})
})

describe('registries', () => {
	test('the default one has subprocess, functions with identity, and operators of which none is inside', async () => {
		await using app = await appOf({ registry: defaultRegistry })
		expect([...app.engine.registry.keys()].toSorted()).toEqual(['operator', 'rust_fn', 'subprocess'])
		expect((await app.launch(hello)).status).toBe(200)
		const refused = await app.launch(forMain())
		expect([refused.status, refused.body.code]).toEqual([503, 'no_operator'])
	})

	test('an operator inside the process needs no session', async () => {
		await using app = await appOf({ operatorFactory: new Map([['main', ({ prompt }) => ({ final: { value: prompt, ok: true } })]]) })
		expect((await app.launch(forMain())).body).toMatchObject({ status: 'done', final_ctx: { text: 'write it' } })
	})

	test('functions are added to the built-in ones', async () => {
		await using app = await appOf({ functions: new Map([['twice', { pure: true, run: ({ prompt }) => ({ value: Number(prompt) * 2 }) }]]) })
		expect((await app.launch(blueprintOf(step('twice', lit(21), '$.out'), ['twice']))).body.final_ctx).toEqual({ out: 42 })
	})

	test('scripts and host functions are given to Lua agents, and a script that is not there is refused', async () => {
		verifies('03.AgentDef.spec')
		const luaHost = newLuaHost()
		luaHost.registerFunction('twice', (n) => Number(n) * 2)
		luaHost.registerScript('doubles', 'return host.twice(_CTX)')
		await using app = await appOf({ luaHost })
		const scripted = (id: string) => ({
			...blueprintOf(step('double', lit(21), '$.out'), []),
			agents: [{ name: 'double', kind: 'lua', spec: { fn_id: id } }],
		})
		expect((await app.launch(scripted('doubles'))).body.final_ctx).toEqual({ out: 42 })
		expect(JSON.stringify((await app.launch(scripted('halves'))).body)).toContain("fn_id 'halves' not registered in factory")
	})

	test('a kind of agent is added to the default registry, and no other is known', async () => {
		verifies('03.AgentDef.kind')
		const shout: Backend = {
			name: 'shout',
			leavesProcess: false,
			prepare: () => ({ pure: true, perform: ({ prompt }) => ({ final: { value: `${prompt}!`, ok: true } }) }),
		}
		await using app = await appOf({ registry: (parts) => new Map([...defaultRegistry(parts), ['lua', shout]]) })
		expect((await app.launch(ofKind('lua'))).body.final_ctx).toEqual({ out: 'x!' })
		expect((await app.launch(ofKind('agent_block'))).status).toBeGreaterThanOrEqual(400)
	})

	test('a backend of the host is handed the hints that a Blueprint has for it', async () => {
		verifies('03.CompilerHints.per_agent', '03.CompilerHints.global')
		const hinted: Backend = {
			name: 'hinted',
			leavesProcess: false,
			prepare({ name }, { hints }) {
				const value = { own: hints.per_agent[name] ?? null, all: (hints.global ?? null) as Json }
				return { pure: true, perform: () => ({ final: { value: value as Json, ok: true } }) }
			},
		}
		await using app = await appOf({ registry: (parts) => new Map([...defaultRegistry(parts), ['lua', hinted]]) })
		const hints = { per_agent: { agent: { pool: 2 }, other: 1 }, global: ['x'] }
		expect((await app.launch({ ...ofKind('lua'), hints })).body.final_ctx).toEqual({ out: { own: { pool: 2 }, all: ['x'] } })
	})

	test('the one with the enhance flow has Lua and language models besides', async () => {
		using dir = tempDir()
		await using app = await appOf({ dataDir: dir.path, registry: defaultRegistryWithEnhanceFlow })
		expect([...app.engine.registry.keys()]).toEqual(['rust_fn', 'subprocess', 'operator', 'lua', 'agent_block'])
		expect((await app.launch(hello)).status).toBe(200)
	})

	test('the default layers are the hint layers; others take their place', async () => {
		await using app = await appOf({ layers: defaultLayerRegistry })
		expect([...(app.engine.offered.layers ?? [])].toSorted()).toEqual(['main_ai', 'operator_delegate', 'senior_escalation'])
		await using bare = await appOf({ layers: () => ({ base: [], hints: new Map() }) })
		expect(bare.engine.offered.layers?.size).toBe(0)
	})
})

describe('routes that mount alone', () => {
	test('Blueprints, without references and with them', async () => {
		await using app = await appOf({ blueprintStore: 'database' })
		const { blueprints } = app.engine
		const post = async (routes: ReturnType<typeof blueprintRoutes>, id: string) => {
			const alone = new Elysia().use(routes)
			const made = await callApp(alone, 'POST', `/v1/blueprints/${id}`, { ...hello, id })
			return [made.status, (await callApp(alone, 'GET', `/v1/blueprints/${id}/head`)).body.blueprint?.metadata?.description]
		}
		expect(await post(blueprintRoutes({ blueprints, lint: () => [] }), 'plain')).toEqual([201, undefined])
		const expand = async (document: unknown) => ({ ...(document as object), metadata: { description: 'expanded' } })
		expect(await post(blueprintRoutes({ blueprints, lint: () => [], expand }), 'expanded')).toEqual([201, 'expanded'])
	})

	test('issues, their log, and the settings', async () => {
		await using app = await appOf({ blueprintStore: 'database' })
		const { enhance, blueprints, clock } = app.engine
		const issues = new Elysia().use(issueRoutes({ enhance, clock }))
		expect((await callApp(issues, 'POST', '/v1/issues', { blueprint_id: 'main', intent: 'better' })).status).toBe(201)
		expect((await callApp(issues, 'GET', '/v1/issues')).body.issues).toHaveLength(1)
		expect((await callApp(issues, 'GET', '/v1/enhance-settings')).status).toBe(404)
		const log = new Elysia().use(enhanceLogRoutes({ enhance }))
		expect((await callApp(log, 'GET', '/v1/enhance/log')).body).toEqual([])
		const settings = new Elysia().use(enhanceSettingRoutes({ enhance, blueprints }))
		expect((await callApp(settings, 'GET', '/v1/enhance-settings')).status).toBe(200)
	})
})

test('an app that listens answers there, and stops once however often it is told', async () => {
	const app = await buildApp()
	const server = await app.listen({ hostname: '127.0.0.1', port: 0 })
	expect(await (await fetch(`${server.url}/v1/healthz`)).text()).toBe('ok')
	await Promise.all([server.stop(), app.stop(), app.stop()])
	await expect(fetch(`${server.url}/v1/healthz`)).rejects.toThrow()
})

/** Outputs in a list, for attempts that always run. */
function listStore(kept: OutputRecord[]): OutputStore {
	const append = async (output: NewOutput): Promise<OutputRecord> => {
		const record = { ...output, id: newOutputId(), at: 0 }
		kept.push(record)
		return record
	}
	const of: OutputStore['listForAttempt'] = async (stepId, n, plane) =>
		kept.filter((one) => one.stepId === stepId && one.attempt === n && one.plane === plane)
	return {
		append,
		appendWhileRunning: append,
		get: async (id) => kept.find((one) => one.id === id) ?? null,
		latestByName: async (name) => kept.findLast(({ plane, producer }) => plane === 'data' && producer === name) ?? null,
		countForAttempt: async (...which) => (await of(...which)).length,
		listForAttempt: of,
		closeTail: (stepId, n) => of(stepId, n, 'tail'),
		releaseTail() {},
	}
}
