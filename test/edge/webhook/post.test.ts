import { expect, test } from 'bun:test'
import { post } from '../../../src/edge/webhook/post.ts'

const listen = (fetch: (request: Request) => Response | Promise<Response>) => {
	const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch })
	return { url: server.url.href, [Symbol.asyncDispose]: () => server.stop(true) }
}
const send = (url: string, signal = new AbortController().signal) => post({ url, headers: { 'x-id': '7' }, body: '{"a":1}', signal })

test('the body and the headers arrive, and the status and the wish to wait come back', async () => {
	const seen: unknown[] = []
	await using server = listen(async (request) => {
		seen.push(request.method, request.headers.get('x-id'), await request.text())
		return new Response('never read', { status: 503, headers: { 'retry-after': '9' } })
	})
	expect(await send(server.url)).toEqual({ status: 503, retryAfter: '9' })
	expect(seen).toEqual(['POST', '7', '{"a":1}'])
})

test('a redirect is not followed', async () => {
	let asked = 0
	await using server = listen(() => {
		asked++
		return Response.redirect('/elsewhere', 307)
	})
	expect((await send(server.url)).status).toBe(307)
	expect(asked).toBe(1)
})

test('an address that hangs is left when the signal says so, and one where nobody listens throws', async () => {
	const asked = Promise.withResolvers<void>()
	await using server = listen(() => {
		asked.resolve()
		return new Promise(() => {})
	})
	const late = new AbortController()
	const sent = send(server.url, late.signal).catch((error) => error)
	await asked.promise
	late.abort(new Error('late'))
	expect((await sent).message).toBe('late')
	expect(await send('http://127.0.0.1:1/').catch((error) => error)).toBeInstanceOf(Error)
})
