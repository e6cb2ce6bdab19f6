import { expect, test } from 'bun:test'
import { Type } from '@sinclair/typebox'
import { Check } from '@sinclair/typebox/value'
import { httpApp } from '../../../src/edge/http/app.ts'
import { jsonBody } from '../../../src/edge/http/body.ts'
import { swarmRoutes } from '../../../src/edge/http/failure.ts'
import type { DescribedRoute } from '../../../src/edge/http/openapi/document.ts'
import { refusals } from '../../../src/protocol/error.ts'
import { apiApp, type OpenApi, operationOf, readDocument } from './api-app.ts'
import { callApp, testOptions } from './support.ts'

/** What is wrong with the description of a route, in words. */
function faultsOf(document: OpenApi, route: DescribedRoute): string[] {
	const operation = operationOf(document, route)
	if (operation === undefined) return ['is not in the document']
	const { summary = '', tags, parameters, requestBody, responses } = operation
	const { body, response = {} } = route.hooks
	const documented = new Set(Object.keys(responses))
	return [
		...(/^[A-Z][a-z]+s .*[^.]$/.test(summary) && summary.length < 90 ? [] : [`has no summary of one line: "${summary}"`]),
		...(document.tags.some(({ name }) => name === tags[0]) ? [] : ['is in no group; see openapi/tag.ts']),
		...parameters
			.filter(({ in: place, ...about }) => place === 'path' && !(about.description && about.example))
			.map(({ name }) => `does not say what {${name}} is`),
		...Object.values(requestBody?.content ?? {}).flatMap(({ example }) => exampleFaults('the request', body, example)),
		...Object.keys(response)
			.filter((status) => route.method !== 'WS' && !documented.has(status))
			.map((status) => `does not document ${status}`),
		...Object.entries(responses).flatMap(([status, { description, content = {} }]) => [
			...(description ? [] : [`does not say what ${status} means`]),
			...Object.values(content).flatMap(({ example }) =>
				exampleFaults(status, route.method === 'WS' ? undefined : response[status], example),
			),
		]),
		...([...documented].some((status) => status < '400') ? [] : ['has no answer for success']),
	]
}

function exampleFaults(what: string, schema: DescribedRoute['hooks']['body'], example: unknown): string[] {
	if (example === undefined) return [`has no example of ${what}; give the schema \`examples\`, or its keys a word in protocol/example.ts`]
	const isBytes = schema?.contentEncoding === 'binary'
	return schema === undefined || isBytes || Check(schema, example) ? [] : [`has an example of ${what} that does not fit its schema`]
}

const { app, routes } = apiApp()
const document = await readDocument(app)

test('every route is documented: one line, a group, parameters, statuses, and examples that fit their schemas', () => {
	const faults = routes.flatMap((route) => faultsOf(document, route).map((fault) => `${route.method} ${route.path} ${fault}`))
	expect(faults).toEqual([])
	expect(routes.length).toBeGreaterThan(70)
})

test('a route that says nothing of itself is told everything it lacks', async () => {
	const Secret = Type.Object({ unheard_of: Type.Integer() })
	const bare = httpApp(testOptions(), (root) =>
		root.use(
			swarmRoutes('bare').post('/v1/strange/:thing', () => ({ unheard_of: 1 }), {
				...jsonBody(Secret),
				response: { 200: Secret, 418: Secret },
			}),
		),
	)
	const [route] = bare.routes.filter(({ path }) => path === '/v1/strange/:thing') as unknown as DescribedRoute[]
	const faults = route && faultsOf((await callApp(bare, 'GET', '/swagger/json')).body, route)
	expect(faults?.map((fault) => fault.replace(/;.*/, ''))).toEqual([
		'has no summary of one line: ""',
		'is in no group',
		'does not say what {thing} is',
		'has no example of the request',
		'has no example of 200',
		'does not say what 418 means',
		'has no example of 418',
	])
})

test('the document is OpenAPI 3.1 whose references lead somewhere and whose operation ids are unique', () => {
	expect(document.openapi).toBe('3.1.0')
	const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(([, name = '']) => name)
	expect([...new Set(refs)].filter((name) => !(name in document.components.schemas))).toEqual([])
	const ids = Object.values(document.paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId))
	expect(ids.filter((id, at) => ids.indexOf(id) !== at || !/^\w+$/.test(id))).toEqual([])
	const text = JSON.stringify(document)
	expect([text.includes('"type":"void"'), text.includes('"type":"undefined"'), text.includes('#/$defs/')]).toEqual([false, false, false])
})

test('what the frame around the routes answers is added by what a route is', () => {
	const statuses = (path: string, method: string) => Object.keys(document.paths[path]?.[method]?.responses ?? {})
	expect(statuses('/v1/healthz', 'get')).toEqual(['200', '403'])
	expect(statuses('/v1/status', 'get')).toEqual(['200', '401', '403'])
	expect(statuses('/v1/runs/{id}/cancel', 'post')).toEqual(['204', '400', '401', '403', '404', '413', '503'])
	expect(statuses('/v1/issues', 'post')).toEqual(['201', '400', '401', '403', '413', '415', '422', '503'])
	expect(statuses('/v1/tasks/{id}/runs/{run}/steps/{step}/content', 'get')).toContain('409')
	expect(statuses('/v1/events/ws', 'get')).toEqual(['101', '400', '401', '403', '410', '503'])
})

test('credentials are named: admin where nothing else is said, one of two where a route has its own, none for liveness', () => {
	const security = (path: string, method: string) => document.paths[path]?.[method]?.security
	expect(Object.keys(document.components.securitySchemes)).toEqual(['admin', 'operator', 'worker', 'runtime', 'session'])
	expect(security('/v1/tasks', 'post')).toEqual([{ admin: [] }])
	expect(security('/v1/operators/{sid}', 'get')).toEqual([{ operator: [] }, { admin: [] }])
	expect(security('/v1/worker/submit', 'post')).toEqual([{ worker: [] }, { admin: [] }])
	expect(security('/v1/healthz', 'get')).toEqual([])
})

test('a WebSocket route shows its frames in both directions', () => {
	const socket = document.paths['/v1/operators/{sid}/ws']?.get
	expect(socket?.['x-websocket']).toEqual({
		takes: { $ref: '#/components/schemas/ClientMsg' },
		sends: { $ref: '#/components/schemas/ServerMsg' },
	})
	for (const name of ['ServerMsg', 'ClientMsg']) expect(document.components.schemas[name]).toMatchObject({ anyOf: expect.any(Array) })
	expect(JSON.stringify(socket)).toContain('spawn_ack')
})

test('bodies and answers have the content types they really have', () => {
	const { paths } = document
	expect(Object.keys(paths['/v1/worker/submit']?.post?.requestBody?.content ?? {})).toEqual(['application/octet-stream'])
	expect(Object.keys(paths['/v1/healthz']?.get?.responses[200]?.content ?? {})).toEqual(['text/plain'])
	expect(Object.keys(paths['/v1/events']?.get?.responses[200]?.content ?? {})).toEqual(['text/event-stream'])
	expect(paths['/v1/tasks/{id}/runs']?.post?.requestBody?.required).toBe(false)
	expect(paths['/v1/blueprints/{id}']?.post?.requestBody?.content['application/json']?.schema).toEqual({
		$ref: '#/components/schemas/Blueprint',
	})
	expect(refusals(404)[404]).toBeDefined()
})

test('the page and its files come from here, under a policy that allows nothing from elsewhere', async () => {
	for (const [path, type] of [
		['/swagger', 'text/html'],
		['/swagger/start.js', 'text/javascript'],
		['/swagger/ui.js', 'text/javascript'],
		['/swagger/ui.css', 'text/css'],
	] as const) {
		const { status, headers, body } = await callApp(app, 'GET', path)
		expect([path, status, headers.get('content-type')]).toEqual([path, 200, `${type}; charset=utf-8`])
		expect(headers.get('content-security-policy')).toStartWith("default-src 'none'; script-src 'self';")
		expect(String(body).length).toBeGreaterThan(100)
	}
	expect((await callApp(app, 'GET', '/swagger')).body).not.toMatch(/(?:src|href)="(?!\/swagger\/|data:,)/)
	expect((await callApp(app, 'GET', '/swagger/scalar')).status).toBe(404)
})

test('with an admin token the page is open and the document is not', async () => {
	const guarded = httpApp(testOptions({ adminToken: 'right' }), (root) => root)
	expect((await callApp(guarded, 'GET', '/swagger')).status).toBe(200)
	expect((await callApp(guarded, 'GET', '/swagger/ui.css')).status).toBe(200)
	expect((await callApp(guarded, 'GET', '/swagger/json')).status).toBe(401)
	expect((await callApp(guarded, 'GET', '/swagger/json', undefined, { authorization: 'Bearer right' })).status).toBe(200)
})
