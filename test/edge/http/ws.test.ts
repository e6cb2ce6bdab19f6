import { afterEach, expect, test } from 'bun:test'
import { connect as connectTcp } from 'node:net'
import { treaty } from '@elysiajs/eden'
import { Type } from '@sinclair/typebox'
import { httpApp, listen } from '../../../src/edge/http/app.ts'
import { swarmRoutes } from '../../../src/edge/http/failure.ts'
import type { Socket } from '../../../src/edge/http/socket.ts'
import { socketRoute } from '../../../src/edge/http/ws.ts'
import { type Clock, systemClock } from '../../../src/kernel/clock.ts'
import { MseError } from '../../../src/kernel/error.ts'
import { silentLogger } from '../../../src/kernel/log.ts'
import { eventually } from '../../support/eventually.ts'
import { fakeClock } from '../../support/fake-clock.ts'
import { verifies } from '../../support/verifies.ts'
import { testOptions } from './support.ts'

const In = Type.Object({ type: Type.Literal('say'), text: Type.String(), ms: Type.Optional(Type.Integer()) })
const Out = Type.Object({ type: Type.Literal('heard'), text: Type.String() })

function echo(options: { limits?: { bodyBytes: number; frameBytes: number } } = {}) {
	const seen = { pongs: [] as string[], closes: [] as number[], strange: 0, caller: '' }
	const app = httpApp(testOptions(options), (root) =>
		root.use(
			swarmRoutes('echo').ws(
				'/v1/echo/:name',
				socketRoute({
					in: In,
					out: Out,
					log: silentLogger,
					clock: systemClock,
					admit({ params, request }) {
						if (request.headers.get('authorization') !== 'Bearer open')
							throw new MseError('unauthenticated', `No credential for ${params.name}.`)
						return params.name ?? ''
					},
					async message(socket, frame) {
						seen.caller = socket.caller
						if (frame.text === 'ping me') return socket.ping('n=7')
						if (frame.text === 'bye') return socket.close(4321, 'as you wish')
						if (frame.ms) await Bun.sleep(frame.ms)
						socket.send({ type: 'heard', text: frame.text })
					},
					misunderstood: () => void seen.strange++,
					pong: (_socket, payload) => void seen.pongs.push(payload),
					close: (_socket, code) => void seen.closes.push(code),
				}),
			),
		),
	)
	const { url, server } = listen(app, { hostname: '127.0.0.1', port: 0 })
	running.push(() => server.stop(true))
	return { url, seen, app }
}

const running: (() => Promise<void>)[] = []
afterEach(async () => {
	for (const stop of running.splice(0)) await stop()
})

async function connect(url: string, authorization = 'Bearer open') {
	const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/echo/ann`, { headers: { authorization } } as never)
	const frames: unknown[] = []
	const ended = new Promise<CloseEvent>((resolve) => socket.addEventListener('close', resolve))
	socket.addEventListener('message', (event) => frames.push(JSON.parse(String(event.data))))
	await new Promise((resolve) => socket.addEventListener('open', resolve))
	const until = async (count: number) => {
		while (frames.length < count) await new Promise((resolve) => socket.addEventListener('message', resolve, { once: true }))
		return frames
	}
	return { socket, frames, ended, until, say: (frame: unknown) => socket.send(JSON.stringify(frame)) }
}

test('frames are handled in order, however long each takes', async () => {
	const { url, seen } = echo()
	const peer = await connect(url)
	for (const [text, ms] of Object.entries({ a: 30, b: 1, c: 10, d: 0 })) peer.say({ type: 'say', text, ms })
	expect(await peer.until(4)).toEqual(['a', 'b', 'c', 'd'].map((text) => ({ type: 'heard', text })))
	expect(seen.caller).toBe('ann')
})

test('what a ping carried comes back in the pong', async () => {
	const { url, seen } = echo()
	const peer = await connect(url)
	peer.say({ type: 'say', text: 'ping me' })
	peer.say({ type: 'say', text: 'after' })
	await peer.until(1)
	peer.say({ type: 'say', text: 'again' })
	await peer.until(2)
	expect(seen.pongs).toEqual(['n=7'])
})

test('frames that are not of the schema never reach the handler', async () => {
	const { url, seen } = echo()
	const peer = await connect(url)
	for (const text of ['{', '12', 'true', '"x"', '{"type":"say"}', '{"type":"say","text":5}', '[]']) peer.socket.send(text)
	peer.socket.send(new Uint8Array([1, 2]))
	peer.say({ type: 'say', text: 'fine' })
	expect(await peer.until(1)).toEqual([{ type: 'heard', text: 'fine' }])
	expect(seen.strange).toBe(8)
})

test('a refused upgrade is an HTTP answer', async () => {
	const { url } = echo()
	const upgrade = {
		upgrade: 'websocket',
		connection: 'Upgrade',
		'sec-websocket-version': '13',
		'sec-websocket-key': 'x3JJHMbDL1EzLkh9GBhXDw==',
	}
	const refused = await fetch(`${url}/v1/echo/ann`, { headers: upgrade })
	expect({ status: refused.status, body: await refused.json() }).toEqual({
		status: 401,
		body: { error: 'No credential for ann.', code: 'unauthenticated' },
	})
	const plain = await fetch(`${url}/v1/echo/ann`)
	expect({ status: plain.status, code: ((await plain.json()) as { code: string }).code }).toEqual({ status: 400, code: 'upgrade_required' })
	const half = await fetch(`${url}/v1/echo/ann`, { headers: { upgrade: 'websocket', connection: 'Upgrade' } })
	expect({ status: half.status, code: ((await half.json()) as { code: string }).code }).toEqual({ status: 400, code: 'bad_handshake' })
	expect((await fetch(`${url}/v1/echo/ann`, { method: 'POST' })).headers.get('allow')).toBe('GET')
})

test('close codes and reasons arrive', async () => {
	const { url } = echo()
	const peer = await connect(url)
	peer.say({ type: 'say', text: 'bye' })
	expect(await peer.ended.then(({ code, reason }) => ({ code, reason }))).toEqual({ code: 4321, reason: 'as you wish' })
})

test('a frame over the limit ends the socket with 1009', async () => {
	const { url } = echo({ limits: { bodyBytes: 1000, frameBytes: 1000 } })
	const peer = await connect(url)
	peer.say({ type: 'say', text: 'x'.repeat(2000) })
	expect((await peer.ended).code).toBe(1009)
})

/** A peer that shakes hands and then neither reads nor answers. */
async function deafPeer(url: string) {
	const { port, host } = new URL(url)
	const socket = connectTcp(Number(port), '127.0.0.1')
	const upgrade = 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw=='
	socket.write(`GET /v1/flood HTTP/1.1\r\nHost: ${host}\r\n${upgrade}\r\n\r\n`)
	await new Promise((resolve) => socket.once('data', resolve))
	socket.pause()
	return socket
}

function flood(clock: Clock) {
	const seen = { closes: [] as string[], pongs: 0, open: undefined as Socket<unknown, null> | undefined }
	const app = httpApp(testOptions({ limits: { bodyBytes: 2 ** 20, frameBytes: 2 ** 20 } }), (root) =>
		root.use(
			swarmRoutes('flood').ws(
				'/v1/flood',
				socketRoute({
					in: Type.Object({}),
					out: Type.Unknown(),
					log: silentLogger,
					clock,
					admit: () => null,
					open: (socket) => {
						seen.open = socket
					},
					message() {},
					pong: () => void seen.pongs++,
					close: (_socket, code, reason) => void seen.closes.push(`${code} ${reason}`),
				}),
			),
		),
	)
	const { url, server } = listen(app, { hostname: '127.0.0.1', port: 0 })
	running.push(() => server.stop(true))
	return { url, seen }
}

test('a frame that does not fit into the send queue is reported, and closes the socket', async () => {
	const { url, seen } = flood(systemClock)
	const peer = await deafPeer(url)
	const socket = await eventually(() => seen.open, { what: 'the socket is open' })
	const results: string[] = []
	while (results.at(-1) !== 'dropped' && results.length < 1000) results.push(socket.send('x'.repeat(100_000)))
	expect([...new Set(results)]).toEqual(['sent', 'queued', 'dropped'])
	expect(socket.send('more')).toBe('dropped')
	peer.destroy()
	await eventually(() => seen.closes.length === 1, { what: 'the socket is closed' })
	await socket.drained()
})

test('frames written in one go stop where the queue is full, and go on in order once it moves', async () => {
	const { url, seen } = flood(systemClock)
	const peer = await deafPeer(url)
	const socket = await eventually(() => seen.open, { what: 'the socket is open' })
	const frames = Array.from({ length: 400 }, (_, n) => `<${n}>${'x'.repeat(50_000)}`)
	let sent = socket.sendAll(frames)
	expect(sent).toBeLessThan(frames.length)
	let text = ''
	peer.on('data', (chunk) => {
		text += chunk.toString('latin1')
	})
	peer.resume()
	while (sent < frames.length) {
		await socket.drained()
		sent += socket.sendAll(frames.slice(sent))
	}
	await eventually(() => text.includes('<399>') && text.endsWith('x"'), { what: 'all of them arrived' })
	expect([...text.matchAll(/<(\d+)>/g)].map(([, n]) => Number(n))).toEqual(frames.map((_, n) => n))
	peer.destroy()
	await eventually(() => seen.closes.length === 1, { what: 'the socket is closed' })
	expect(socket.sendAll(frames)).toBe(0)
})

test('a peer that is not heard for 150 seconds is closed, one that answers pings is not', async () => {
	verifies('01.C60')
	const clock = fakeClock()
	const { url, seen } = flood(clock)
	const peer = await deafPeer(url)
	await eventually(() => seen.open, { what: 'the socket is open' })
	await clock.advance(149_000)
	expect(seen.closes).toEqual([])
	await clock.advance(1000)
	peer.destroy()
	await eventually(() => seen.closes.length === 1, { what: 'the deaf peer is closed' })
	seen.open = undefined
	const live = new WebSocket(`${url.replace('http', 'ws')}/v1/flood`)
	await eventually(() => seen.open, { what: 'the next one is open' })
	for (let beat = 1; beat <= 10; beat++) {
		await clock.advance(30_000)
		await eventually(() => seen.pongs >= beat, { what: `ping ${beat} is answered` })
	}
	expect([live.readyState, seen.closes.length]).toEqual([WebSocket.OPEN, 1])
	live.close()
})

test('an upgrade needs the admin token where one is configured', async () => {
	const app = httpApp(testOptions({ adminToken: 'secret' }), (root) =>
		root.use(
			swarmRoutes('guarded').ws(
				'/v1/guarded',
				socketRoute({ in: In, out: Out, log: silentLogger, clock: systemClock, admit: () => null, message() {} }),
			),
		),
	)
	const { url, server } = listen(app, { hostname: '127.0.0.1', port: 0 })
	const upgrade = {
		upgrade: 'websocket',
		connection: 'Upgrade',
		'sec-websocket-version': '13',
		'sec-websocket-key': 'x3JJHMbDL1EzLkh9GBhXDw==',
	}
	expect((await fetch(`${url}/v1/guarded`, { headers: upgrade })).status).toBe(401)
	const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/guarded`, { headers: { authorization: 'Bearer secret' } } as never)
	await new Promise((resolve) => socket.addEventListener('open', resolve))
	socket.close()
	await server.stop(true)
})

test('types: handlers and clients take their frames from the schemas', () => {
	const prove = () => {
		socketRoute({
			in: In,
			out: Out,
			log: silentLogger,
			clock: systemClock,
			admit: () => 1,
			message(socket, frame) {
				// @ts-expect-error the frame has no such key
				frame.other
				// @ts-expect-error a frame of another type
				socket.send({ type: 'said', text: '' })
				// @ts-expect-error the caller is a number
				socket.caller.length
			},
		})
		const { app } = echo()
		const client = treaty<typeof app>('http://localhost')
		const socket = client.v1.echo({ name: 'ann' }).subscribe()
		socket.send({ type: 'say', text: 'x' })
		// @ts-expect-error not an inbound frame
		socket.send({ type: 'heard', text: 'x' })
		socket.on('message', ({ data }) => {
			data.text satisfies string
			// @ts-expect-error not a key of an outbound frame
			data.ms
		})
	}
	expect(prove).toBeFunction()
})
