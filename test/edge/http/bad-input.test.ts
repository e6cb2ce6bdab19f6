import { expect, test } from 'bun:test'
import { OptionalKind } from '@sinclair/typebox'
import type { AnyElysia } from 'elysia'
import fc from 'fast-check'
import type { HttpOptions } from '../../../src/edge/http/app.ts'
import { blueprintOf, lit, step } from '../../support/blueprints.ts'
import { faceWorld } from './face-world.ts'
import { hiveHttpWorld } from './hive-http-world.ts'
import { runtimeWorld } from './runtime-world.ts'
import { type Answer, callApp, httpWorld, readAnswer } from './support.ts'

interface Route {
	readonly method: string
	readonly path: string
	readonly pattern: RegExp
	readonly takesJson: boolean
	/** Its body may be left out. */
	readonly isBodyOptional: boolean
	readonly isOpen: boolean
}

/** A server of which a part of the routes is mounted. */
type World = Pick<ReturnType<typeof httpWorld>, 'db' | 'call' | 'listen'> & { readonly app: AnyElysia } & AsyncDisposable

/** Together they mount every route there is. */
const worlds: { readonly [name: string]: (options?: { http?: Partial<HttpOptions> }) => World | Promise<World> } = {
	'runs and Blueprints': httpWorld,
	'workers and operators': faceWorld,
	'the hive': hiveHttpWorld,
}
const tests = Object.entries(worlds)
/** The worker runtime has a table of statuses and an error shape of its own; what holds for both families is tried on all. */
const allTests = [...tests, ['the worker runtime', runtimeWorld] as const]

/** Every route that is mounted; what joins the app is tested without being named here. */
function routesOf({ app }: World): Route[] {
	const routes = app.routes as readonly {
		method: string
		path: string
		hooks: { body?: { contentEncoding?: string; [OptionalKind]?: string }; detail?: { security?: unknown } }
	}[]
	return routes
		.filter(({ path }) => path.startsWith('/v1/'))
		.map(({ method, path, hooks }) => ({
			method,
			path: path.replace(/:\w+/g, 'nobody'),
			pattern: new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}$`),
			takesJson: hooks.body !== undefined && hooks.body.contentEncoding === undefined && method !== 'WS',
			isBodyOptional: hooks.body?.[OptionalKind] === 'Optional',
			isOpen: hooks.detail?.security !== undefined,
		}))
}

const HANDSHAKE = {
	upgrade: 'websocket',
	connection: 'Upgrade',
	'sec-websocket-version': '13',
	'sec-websocket-key': 'x3JJHMbDL1EzLkh9GBhXDw==',
}
const JSON_TYPE = { 'content-type': 'application/json' }

/** A request over the port, so that WebSocket routes and Bun's own answers are part of it. */
async function send(url: string, route: Route, init: RequestInit = {}): Promise<Answer> {
	const isSocket = route.method === 'WS'
	const headers = { ...(isSocket && HANDSHAKE), ...(init.headers as Record<string, string>) }
	return readAnswer(await fetch(`${url}${route.path}`, { ...init, method: isSocket ? 'GET' : route.method, headers }))
}

/** The rows of every table, to prove that nothing was written. */
function rows({ db }: World): Record<string, number> {
	const tables = db.sqlite
		.query<{ name: string }, []>("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
		.all()
	const count = (name: string) => db.sqlite.query<{ n: number }, []>(`SELECT count(*) AS n FROM "${name}"`).get()?.n ?? 0
	return Object.fromEntries(tables.map(({ name }) => [name, count(name)]))
}

/** What every refusal looks like, whatever the route. */
function expectRefusal(answer: Answer, status: number, code?: string): void {
	if (typeof answer.body.error === 'object') {
		expectRuntimeRefusal(answer, status, code)
		return
	}
	expect({ status: answer.status, code: code === undefined ? undefined : answer.body.code }).toEqual({ status, code })
	expect(answer.headers.get('content-type')).toStartWith('application/json')
	expect(answer.body).toEqual(expect.objectContaining({ error: expect.stringMatching(/\S/), code: expect.stringMatching(/^[a-z_]+$/) }))
	expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f]{16}$/)
}

function expectRuntimeRefusal({ status, headers, body }: Answer, expected: number, code?: string): void {
	const own = code === 'admin_token_required' ? 'unauthorized' : code
	expect({ status, code: code === undefined ? undefined : body.error.code }).toEqual({ status: expected, code: own })
	expect(headers.get('content-type')).toStartWith('application/json')
	expect(Object.keys(body)).toEqual(['error'])
	expect(body.error).toMatchObject({ code: expect.stringMatching(/^[a-z_]+$/), message: expect.stringMatching(/\S/) })
}

test.each(allTests)('%s: a foreign Host or Origin is 403 on every route', async (_name, open) => {
	await using world = await open()
	const url = world.listen()
	for (const route of routesOf(world)) {
		expectRefusal(await send(url, route, { headers: { host: 'evil.example' } }), 403, 'foreign_host')
		expectRefusal(await send(url, route, { headers: { origin: 'https://evil.example' } }), 403, 'foreign_origin')
	}
})

test.each(tests)('%s: no credential, and a forged one, is 401 on every guarded route', async (_name, open) => {
	await using world = await open({ http: { adminToken: 'right' } })
	const url = world.listen()
	const before = rows(world)
	const guarded = routesOf(world).filter(({ isOpen }) => !isOpen)
	expect(guarded.length).toBeGreaterThan(1)
	for (const route of guarded)
		for (const headers of [
			{},
			{ authorization: 'Bearer wrong' },
			{ authorization: 'Basic right' },
			{ authorization: 'bearer right' },
			{ authorization: 'Bearer ' },
		])
			expectRefusal(await send(url, route, { headers: headers as Record<string, string> }), 401, 'admin_token_required')
	expect(rows(world)).toEqual(before)
})

test.each(allTests)('%s: another method of a known path is 405 with Allow', async (_name, open) => {
	await using world = await open()
	const routes = routesOf(world)
	for (const path of new Set(routes.map((route) => route.path))) {
		const known = routes.filter(({ pattern }) => pattern.test(path)).map(({ method }) => (method === 'WS' ? 'GET' : method))
		const isRead = routes.some(({ method, pattern }) => method === 'GET' && pattern.test(path))
		for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((other) => !known.includes(other))) {
			const answer = await world.call(method, path)
			expectRefusal(answer, 405, 'method_not_allowed')
			expect(answer.headers.get('allow')?.split(', ').sort()).toEqual([...new Set([...known, ...(isRead ? ['HEAD'] : [])])].sort())
		}
	}
})

test.each(tests)('%s: a JSON route refuses what is not JSON, each by its own status, and writes nothing', async (_name, open) => {
	await using world = await open()
	const url = world.listen()
	const before = rows(world)
	const routes = routesOf(world).filter(({ takesJson }) => takesJson)
	expect(routes.length).toBeGreaterThan(1)
	for (const route of routes) {
		for (const body of ['{"a":', '', 'null null', '{"a":1}}', "{'a':1}", '[1,]', '\u0000', '{"a":"\n"}'])
			if (body !== '' || !route.isBodyOptional) expectRefusal(await send(url, route, { body, headers: JSON_TYPE }), 400, 'invalid_json')
		const deep = `${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}`
		expectRefusal(await send(url, route, { body: deep, headers: JSON_TYPE }), 400, 'json_too_deep')
		for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/octet-stream', 'application/jsonx', 'json'])
			expectRefusal(await send(url, route, { body: '{}', headers: { 'content-type': type } }), 415, 'unsupported_media_type')
		for (const body of ['5', '"text"', 'true', 'null', '[]']) {
			const answer = await send(url, route, { body, headers: { 'content-type': 'application/merge+json; charset=utf-8' } })
			expect([400, 422]).toContain(answer.status)
			expectRefusal(answer, answer.status)
		}
	}
	expect(rows(world)).toEqual(before)
})

test.each(tests)('%s: a body over the limit is 413 with the limit on every route, and writes nothing', async (_name, open) => {
	await using world = await open({ http: { limits: { bodyBytes: 4096, frameBytes: 4096 } } })
	const url = world.listen()
	const before = rows(world)
	for (const route of routesOf(world).filter(({ method }) => method !== 'GET' && method !== 'WS')) {
		const answer = await send(url, route, { body: JSON.stringify({ text: 'x'.repeat(100_000) }), headers: JSON_TYPE })
		expectRefusal(answer, 413, 'body_too_large')
		expect(answer.body.details).toEqual({ limit_bytes: 4096 })
	}
	expect(rows(world)).toEqual(before)
})

test('a query value of the wrong kind is 400 and names the parameter', async () => {
	await using world = httpWorld()
	for (const [path, name] of [
		['/v1/tasks?limit=many', 'limit'],
		['/v1/runs?offset=-1', 'offset'],
		['/v1/runs?status=finished', 'status'],
		['/v1/runs/nobody/trace?latest=1e3', 'latest'],
		['/v1/blueprints/nobody/history?limit=', 'limit'],
		['/v1/tasks?limit=%zz', 'limit'],
		['/v1/tasks?limit=%FF', 'limit'],
	] as const) {
		const answer = await world.call('GET', path)
		expectRefusal(answer, 400, 'invalid_query')
		expect(answer.body.error).toContain(`\`${name}\``)
	}
	expectRefusal(await world.call('POST', '/v1/blueprints/test?strict=perhaps', {}), 400, 'invalid_query')
})

test.each(allTests)('%s: no id, however odd, is more than unknown', async (_name, open) => {
	await using world = await open()
	const routes = routesOf(world).filter(({ path, method }) => path.includes('nobody') && method !== 'WS')
	const before = rows(world)
	const odd = [
		'%00',
		'%2e%2e%2f',
		'a%2Fb',
		'%E2%82%AC',
		'%FF',
		'%zz',
		"'--",
		'%22',
		'x'.repeat(3000),
		'__proto__',
		'constructor',
		'%0d%0aX:1',
	]
	for (const route of routes)
		for (const id of odd) {
			const body = route.takesJson ? blueprintOf(step('identity', lit(1), '$.out'), ['identity']) : undefined
			const answer = await world.call(route.method, route.path.replace('nobody', id), body)
			expect({ route, id, status: answer.status < 500 }).toEqual({ route, id, status: true })
			if (answer.status >= 400) expectRefusal(answer, answer.status)
		}
	expect(rows(world)).toEqual(before)
})

test.each(allTests)('%s: no body or query, however odd, is a fault of the server', async (_name, open) => {
	await using world = await open()
	const routes = routesOf(world).filter(({ path, method }) => method !== 'WS' && path !== '/v1/events')
	const reference = fc.oneof(
		fc.record({ kind: fc.constant('inline'), value: fc.jsonValue() }),
		fc.record({ kind: fc.constant('inline'), value: fc.record({ id: fc.jsonValue(), flow: fc.jsonValue(), agents: fc.jsonValue() }) }),
		fc.record({ kind: fc.constantFrom('id', 'hash', 'file'), id: fc.jsonValue(), version: fc.jsonValue(), hash: fc.string() }),
		fc.jsonValue(),
	)
	const launch = fc.record(
		{
			blueprint: reference,
			init_ctx: fc.jsonValue(),
			ttl_secs: fc.jsonValue(),
			operator: fc.jsonValue(),
			operator_sid: fc.jsonValue(),
			detach: fc.boolean(),
		},
		{ requiredKeys: ['blueprint', 'init_ctx'] },
	)
	const document = fc.record({ id: fc.constant('nobody'), flow: fc.jsonValue(), agents: fc.jsonValue(), metadata: fc.jsonValue() })
	const query = fc.webQueryParameters()
	await fc.assert(
		fc.asyncProperty(fc.constantFrom(...routes), fc.oneof(launch, document, fc.jsonValue()), query, async (route, body, search) => {
			const { status, body: answer } = await callApp(world.app, route.method, `${route.path}?${search}`, route.takesJson ? body : undefined)
			expect({ route: route.path, status, answer, ok: status < 500 }).toEqual({ route: route.path, status, answer, ok: true })
		}),
		{ numRuns: 400 },
	)
})

test.each(allTests)('%s: the OpenAPI document names every route with its statuses', async (_name, open) => {
	await using world = await open()
	const { paths } = (await world.call('GET', '/swagger/json')).body
	const routes = world.app.routes.filter(({ path, method }) => path.startsWith('/v1/') && method !== 'WS')
	for (const { method, path } of routes) {
		const described = paths[path.replace(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()]
		expect([method, path, Object.keys(described?.responses ?? {}).length > 0]).toEqual([method, path, true])
	}
})

test('what is refused never repeats the input', async () => {
	await using world = httpWorld()
	const secret = 'hunter2-hunter2'
	const answers = [
		await world.call('POST', '/v1/tasks', { blueprint: secret, init_ctx: null }),
		await world.call('POST', '/v1/tasks', { blueprint: { kind: 'id', id: 'x' }, init_ctx: null, ttl_secs: secret }),
		await world.call('POST', '/v1/tasks', secret, JSON_TYPE),
		await world.call('GET', `/v1/runs?status=${secret}`),
		await world.call('GET', `/v1/tasks?limit=${secret}`),
	]
	for (const { status, body } of answers)
		expect([status >= 400 && status < 500, JSON.stringify(body).includes(secret)]).toEqual([true, false])
})

test('a route with a credential of its own refuses a missing and a forged one', async () => {
	await using world = await faceWorld()
	const routes = routesOf(world).filter(({ isOpen, takesJson, path }) => isOpen && !takesJson && !path.startsWith('/v1/data'))
	expect(routes.length).toBeGreaterThan(5)
	const url = world.listen()
	const before = rows(world)
	for (const route of routes) {
		const path = route.path.startsWith('/v1/worker') ? `${route.path}?task_id=ST-0&name=x&attempt=1` : route.path
		for (const authorization of ['', 'Bearer', 'Bearer ', 'Basic abc', 'bearer wh-0123456789abcdef'])
			expectRefusal(await send(url, { ...route, path }, { headers: authorization === '' ? {} : { authorization } }), 401)
		const forged = await send(url, { ...route, path }, { headers: { authorization: 'Bearer wh-0123456789abcdef' } })
		expect([401, 404]).toContain(forged.status)
	}
	expect(rows(world)).toEqual(before)
})
