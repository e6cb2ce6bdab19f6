import { afterEach, expect, test } from 'bun:test'
import { treaty } from '@elysiajs/eden'
import { Type } from '@sinclair/typebox'
import { httpApp, listen } from '../../../src/edge/http/app.ts'
import { swarmRoutes } from '../../../src/edge/http/failure.ts'
import { socketRoute } from '../../../src/edge/http/ws.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import { MseError } from '../../../src/kernel/error.ts'
import { silentLogger } from '../../../src/kernel/log.ts'
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
