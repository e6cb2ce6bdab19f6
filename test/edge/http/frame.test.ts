import { expect, test } from 'bun:test'
import { Type } from '@sinclair/typebox'
import { type HttpOptions, httpApp, listen } from '../../../src/edge/http/app.ts'
import { jsonBody, optionalJsonBody, rawBody } from '../../../src/edge/http/body.ts'
import { swarmRoutes } from '../../../src/edge/http/failure.ts'
import { openRoute, ownCredential } from '../../../src/edge/http/guard.ts'
import { MseError } from '../../../src/kernel/error.ts'
import { testOptions } from './support.ts'

const Body = Type.Object({ n: Type.Integer(), any: Type.Unknown() }, { additionalProperties: true })

function app(over: Partial<HttpOptions> = {}) {
	return httpApp(testOptions(over), (root) =>
		root.use(
			swarmRoutes('sample')
				.get('/v1/open', () => 'ok', { detail: openRoute })
				.get('/v1/own', () => 'ok', { detail: ownCredential('worker') })
				.get('/v1/thing/:id', ({ params }) => {
					throw new MseError('not_found', `There is no thing ${params.id}.`, { code: 'unknown_thing', hint: 'Look again.' })
				})
				.get('/v1/broken', () => {
					throw new Error('secret detail')
				})
				.post('/v1/json', ({ body }) => ({ n: body.n }), jsonBody(Body))
				.post('/v1/maybe', ({ body }) => ({ body: body ?? null }), optionalJsonBody(Body))
				.post('/v1/raw', ({ body }) => ({ size: body.length }), rawBody())
				.post('/v1/operators', () => ({ sid: 'S-1' })),
		),
	)
}

async function call(over: Partial<HttpOptions>, method: string, path: string, init: RequestInit = {}) {
	const answer = await app(over).handle(new Request(`http://localhost${path}`, { method, ...init }))
	const text = await answer.text()
	const isJson = answer.headers.get('content-type')?.startsWith('application/json')
	return { status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : text }
}

const json = (value: unknown): RequestInit => ({ body: JSON.stringify(value), headers: { 'content-type': 'application/json' } })

test('an error leaves as sentence, code and hint with the status of its kind', async () => {
	const { status, body } = await call({}, 'GET', '/v1/thing/7')
	expect({ status, body }).toEqual({ status: 404, body: { error: 'There is no thing 7.', code: 'unknown_thing', hint: 'Look again.' } })
})

test('an unforeseen error leaves with a fixed sentence, its cause and the request id go to the log', async () => {
	const logged: unknown[] = []
	const log = { ...testOptions().log, error: (_message: string, fields: unknown) => void logged.push(fields) }
	const { status, body, headers } = await call({ log }, 'GET', '/v1/broken')
	expect(status).toBe(500)
	expect(JSON.stringify(body)).not.toContain('secret')
	expect(logged).toEqual([{ request_id: headers.get('x-request-id'), code: 'internal', cause: new Error('secret detail') }])
})

test('an unknown path is 404, a known one with another method 405 with Allow', async () => {
	expect((await call({}, 'GET', '/v1/nothing')).body).toEqual({ error: 'There is no route /v1/nothing.', code: 'unknown_path' })
	expect((await call({}, 'GET', '/v1/open/')).body.code).toBe('unknown_path')
	expect((await call({}, 'POST', '/v1/thing/x/')).status).toBe(404)
	expect((await call({ adminToken: 'secret' }, 'GET', '/v1/open/')).status).toBe(401)
	const { status, headers, body } = await call({}, 'PUT', '/v1/thing/x')
	expect([status, headers.get('allow'), body.code]).toEqual([405, 'GET, HEAD', 'method_not_allowed'])
})

test('a JSON body is refused by its type, its syntax or its shape, and its values are not repeated', async () => {
	const plain = await call({}, 'POST', '/v1/json', { body: '{"n":1,"any":1}', headers: { 'content-type': 'text/plain' } })
	expect([plain.status, plain.body.code]).toEqual([415, 'unsupported_media_type'])
	for (const body of ['{bad', '', '[', `${'['.repeat(5000)}${']'.repeat(5000)}`]) {
		const broken = await call({}, 'POST', '/v1/json', { body, headers: { 'content-type': 'application/json' } })
		expect(broken.status).toBe(400)
	}
	const wrong = await call({}, 'POST', '/v1/json', json({ n: 'hunter2', any: 1 }))
	expect({ status: wrong.status, body: wrong.body }).toEqual({
		status: 422,
		body: { error: '`n` has to be an integer.', code: 'invalid_body', details: { path: 'n' } },
	})
	expect((await call({}, 'POST', '/v1/json', json({ n: 1 }))).status).toBe(422)
	expect((await call({}, 'POST', '/v1/json', json([]))).status).toBe(422)
	const fine = await call({}, 'POST', '/v1/json', json({ n: 1, any: null, more: 1 }))
	expect([fine.status, fine.body]).toEqual([200, { n: 1 }])
})

test('an optional body may be missing, with any content type', async () => {
	expect((await call({}, 'POST', '/v1/maybe')).body).toEqual({ body: null })
	expect((await call({}, 'POST', '/v1/maybe', json({ n: 1, any: 2 }))).body).toEqual({ body: { n: 1, any: 2 } })
	expect((await call({}, 'POST', '/v1/maybe', json({ n: 'x', any: 2 }))).status).toBe(422)
})

test('a raw route takes the bytes of any content type', async () => {
	for (const type of ['application/x-www-form-urlencoded', 'application/json', 'text/plain', 'image/png', 'multipart/form-data']) {
		const { status, body } = await call({}, 'POST', '/v1/raw', { body: 'a=1&b', headers: { 'content-type': type } })
		expect([status, body]).toEqual([200, { size: 5 }])
	}
	expect((await call({}, 'POST', '/v1/raw')).body).toEqual({ size: 0 })
})

test('over a port too, a body over the limit is 413 with the limit, whether announced or chunked', async () => {
	const { url, server } = listen(app({ limits: { bodyBytes: 1000, frameBytes: 1000 } }), { hostname: '127.0.0.1', port: 0 })
	const chunked = new ReadableStream({
		start(to) {
			to.enqueue(new Uint8Array(5000))
			to.close()
		},
	})
	for (const body of ['x'.repeat(1001), 'x'.repeat(5_000_000), chunked]) {
		const answer = await fetch(`${url}/v1/raw`, { method: 'POST', body })
		expect([answer.status, ((await answer.json()) as { details: unknown }).details]).toEqual([413, { limit_bytes: 1000 }])
	}
	expect((await fetch(`${url}/v1/raw`, { method: 'POST', body: 'x'.repeat(1000) })).status).toBe(200)
	await server.stop(true)
})

test('a foreign Host or Origin is 403 on every route', async () => {
	for (const headers of [
		{ host: 'evil.example' },
		{ host: '10.0.0.1:7777' },
		{ origin: 'http://evil.example' },
		{ origin: 'null' },
		{ origin: 'http://localhost:3000' },
	])
		for (const path of ['/v1/open', '/v1/own', '/v1/nothing'])
			expect([headers, (await call({}, 'GET', path, { headers })).status]).toEqual([headers, 403])
	for (const headers of [
		{ host: '127.0.0.1:7777' },
		{ host: 'LOCALHOST' },
		{ host: '[::1]:80' },
		{ host: 'localhost:1', origin: 'http://localhost:1' },
	])
		expect((await call({}, 'GET', '/v1/open', { headers })).status).toBe(200)
	const own = { allowedHosts: ['mse.example'], allowedOrigins: ['https://ui.example'] }
	expect((await call(own, 'GET', '/v1/open', { headers: { host: 'mse.example:80', origin: 'https://ui.example' } })).status).toBe(200)
})

test('a page of an allowed origin may call, and is told so before and with the answer', async () => {
	const own = { allowedOrigins: ['https://ui.example'], adminToken: 'secret' }
	const origin = 'https://ui.example'
	const asked = await call(own, 'OPTIONS', '/v1/json', { headers: { origin, 'access-control-request-method': 'POST' } })
	expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([204, origin])
	expect(asked.headers.get('access-control-allow-headers')).toContain('authorization')
	const refused = await call(own, 'GET', '/v1/thing/1', { headers: { origin } })
	expect([refused.status, refused.headers.get('access-control-allow-origin'), refused.headers.get('vary')]).toEqual([401, origin, 'origin'])
	const foreign = await call(own, 'OPTIONS', '/v1/json', {
		headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
	})
	expect([foreign.status, foreign.headers.get('access-control-allow-origin')]).toEqual([403, null])
	expect((await call(own, 'GET', '/v1/open')).headers.get('access-control-allow-origin')).toBeNull()
})

test('the admin token guards every route that does not speak for itself', async () => {
	const secured = { adminToken: 'let-me-in' }
	expect((await call(secured, 'GET', '/v1/thing/1')).status).toBe(401)
	for (const authorization of ['Bearer wrong', 'Bearer ', 'bearer let-me-in', 'Basic let-me-in'])
		expect((await call(secured, 'GET', '/v1/thing/1', { headers: { authorization } })).status).toBe(401)
	expect((await call(secured, 'GET', '/v1/thing/1', { headers: { authorization: 'Bearer let-me-in' } })).status).toBe(404)
	expect((await call(secured, 'GET', '/v1/nothing')).status).toBe(401)
	expect((await call(secured, 'GET', '/v1/open')).status).toBe(200)
	expect((await call(secured, 'GET', '/v1/own')).status).toBe(200)
	expect((await call(secured, 'POST', '/v1/operators')).status).toBe(401)
	expect((await call({ ...secured, openJoin: true }, 'POST', '/v1/operators')).status).toBe(200)
})

test('the OpenAPI document names the routes', async () => {
	const { status, body } = await call({}, 'GET', '/swagger/json')
	expect([status, Object.keys(body.paths)]).toEqual([200, expect.arrayContaining(['/v1/json', '/v1/thing/{id}'])])
})

test('a second server on a taken port does not start', async () => {
	const { server } = listen(app(), { hostname: '127.0.0.1', port: 0 })
	expect(() => listen(app(), { hostname: '127.0.0.1', port: server.port ?? 0 })).toThrow()
	await server.stop(true)
})
