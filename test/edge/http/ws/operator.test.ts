import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { eventually } from '../../../support/eventually.ts'
import { settled, spawnAsking } from '../../../support/operator-world.ts'
import { verifies } from '../../../support/verifies.ts'
import { openSocket, operatorServer } from '../operator-server.ts'

const upgrade = {
	...{ upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-version': '13' },
	'sec-websocket-key': 'x3JJHMbDL1EzLkh9GBhXDw==',
}

async function joined() {
	const server = await operatorServer()
	const { sid, token } = await server.join({ roles: ['main'] })
	const run = await server.world.newRun()
	const state = () => server.world.db.query<{ state: string }>('SELECT state FROM request ORDER BY seq').all()
	return {
		...{ server, sid, token, run, world: server.world },
		connect: () => openSocket(server.wsUrl(sid), token),
		states: () => state().map((row) => row.state),
		/** Marks are written in batches, on a clock that stands still here. */
		flushed: () => server.world.clock.advance(20),
		async isDelivered() {
			await this.flushed()
			return this.states()[0] === 'delivered'
		},
		[Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
	}
}

describe('the upgrade', () => {
	test('is refused over HTTP, in order: no bearer, unknown session, wrong bearer', async () => {
		verifies('01.C5')
		await using it = await joined()
		const refused = async (sid: string, authorization?: string) => {
			const response = await fetch(`${it.server.url}/v1/operators/${sid}/ws`, {
				headers: { ...upgrade, ...(authorization && { authorization }) },
			})
			return [response.status, ((await response.json()) as { error: string }).error]
		}
		expect(await refused('S-nobody')).toEqual([401, 'missing or empty Bearer token'])
		expect(await refused('S-nobody', 'Bearer x')).toEqual([404, 'unknown sid S-nobody'])
		expect(await refused(it.sid, 'Bearer x')).toEqual([401, 'token mismatch'])
		expect((await fetch(`${it.server.url}/v1/operators/${it.sid}/ws`)).status).toBe(400)
	})

	test('after a leave it is 404', async () => {
		await using it = await joined()
		await it.server.call('DELETE', `/v1/operators/${it.sid}`, { token: it.token })
		const again = await fetch(it.server.wsUrl(it.sid).replace('ws', 'http'), {
			headers: { ...upgrade, authorization: `Bearer ${it.token}` },
		})
		expect(again.status).toBe(404)
	})

	test('the same sid and token open one socket after another; the last one wins', async () => {
		verifies('01.C63', '01.C64')
		await using it = await joined()
		const first = await it.connect()
		const second = await it.connect()
		expect(await first.closed).toEqual({ code: 4001, reason: 'replaced' })
		expect((await it.server.call('GET', `/v1/operators/${it.sid}`, { token: it.token })).body.connected).toBe(true)
		const asked = it.world.hub.ask(spawnAsking(it.run, 'main'))
		await eventually(() => second.frames.length === 1, { what: 'the second socket gets the frame' })
		second.say({ type: 'spawn_ack', req_id: 'req_id' in (second.frames[0] ?? {}) ? (second.frames[0] as { req_id: string }).req_id : '' })
		await asked
		second.socket.close()
	})
})

test('a frame that the client reads is proven delivered, and not repeated on the next socket', async () => {
	await using it = await joined()
	const first = await it.connect()
	const asked = it.world.hub.ask(spawnAsking(it.run, 'main'))
	await eventually(() => first.frames.length === 1, { what: 'the frame arrives' })
	await eventually(() => it.isDelivered(), { what: 'the pong proves it' })
	first.socket.close()
	await first.closed
	const second = await it.connect()
	second.say({ type: 'spawn_ack', req_id: (first.frames[0] as { req_id: string }).req_id, value: { x: 1 } })
	expect(await asked).toMatchObject({ value: { x: 1 } })
	expect(second.frames).toEqual([])
	second.socket.close()
})

test('frames nobody understands are dropped in silence, and the socket lives on', async () => {
	verifies('01.C33')
	await using it = await joined()
	const peer = await it.connect()
	for (const text of [
		'',
		'{',
		'12',
		'null',
		'[]',
		'{"type":"dance"}',
		'{"type":"answer","req_id":"x"}',
		'{"type":"hook_ack","req_id":"x"}',
	])
		peer.socket.send(text)
	peer.socket.send(new Uint8Array([1, 2, 3]))
	peer.say({ type: 'spawn_ack', req_id: 'unknown' })
	const asked = it.world.hub.ask(spawnAsking(it.run, 'main'))
	await eventually(() => peer.frames.length === 1, { what: 'the socket still works' })
	peer.say({ type: 'spawn_ack', req_id: (peer.frames[0] as { req_id: string }).req_id, value: {}, stats: { junk: true }, extra: 1 })
	await asked
	expect(peer.frames).toHaveLength(1)
	expect(it.world.hub.droppedFrames).toBe(10)
	peer.socket.close()
})

test('a client that says hello is receipted', async () => {
	await using it = await joined()
	const peer = await it.connect()
	peer.say({ type: 'hello', api_version: 'v1', features: ['received'] })
	const asked = it.world.hub.ask(spawnAsking(it.run, 'main'))
	await eventually(() => peer.frames.length === 2, { what: 'greeting and frame arrive' })
	const { req_id } = peer.frames[1] as { req_id: string }
	peer.say({ type: 'spawn_ack', req_id })
	peer.say({ type: 'spawn_ack', req_id })
	await asked
	await eventually(() => peer.frames.length === 4, { what: 'both are receipted' })
	expect(peer.frames.slice(2)).toEqual([
		{ type: 'received', req_id },
		{ type: 'received', req_id },
	])
	peer.socket.close()
})

describe('npm ws under Node', () => {
	test('connects without a subprotocol, and its pongs prove what it read', async () => {
		await using it = await joined()
		await using peer = nodeClient(it.server.wsUrl(it.sid), it.token)
		await peer.until((line) => line.opened === true)
		expect(peer.lines[0]).toEqual({ opened: true, protocol: '' })
		const asked = it.world.hub.ask(spawnAsking(it.run, 'main'))
		const spawn = await peer.until((line) => line.type === 'spawn')
		await eventually(() => it.isDelivered(), { what: 'the pong proves it' })
		peer.write(JSON.stringify({ type: 'spawn_ack', req_id: spawn.req_id, value: 5 }))
		expect(await asked).toMatchObject({ value: 5 })
	})

	test('a frame that lay unread in the buffer when the client died is sent again', async () => {
		await using it = await joined()
		const first = nodeClient(it.server.wsUrl(it.sid), it.token)
		await first.until((line) => line.opened === true)
		first.write('pause')
		await first.until((line) => line.did === 'pause')
		void it.world.hub.ask(spawnAsking(it.run, 'main')).catch(() => {})
		await settled()
		await it.flushed()
		expect(it.states()).toEqual(['sent'])
		await first[Symbol.asyncDispose]()
		await eventually(() => it.world.sessions.peek(it.sid)?.connected === false, { what: 'the server sees it go' })
		await using second = nodeClient(it.server.wsUrl(it.sid), it.token)
		expect(await second.until((line) => line.type === 'spawn')).toMatchObject({ agent: 'coder' })
	})

	test('a wrong bearer is a plain 401', async () => {
		await using it = await joined()
		await using peer = nodeClient(it.server.wsUrl(it.sid), 'wrong')
		expect(await peer.until((line) => 'refused' in line)).toEqual({ refused: 401 })
	})
})

type Line = { readonly [key: string]: unknown }

function nodeClient(url: string, token: string) {
	const program = join(import.meta.dir, '../../../fixture/program/ws-operator.mjs')
	const child = Bun.spawn(['node', program, url, token], { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit' })
	const lines: Line[] = []
	const read = async () => {
		let rest = ''
		for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream() as never) as ReadableStream<string>) {
			const parts = (rest + chunk).split('\n')
			rest = parts.pop() ?? ''
			lines.push(...parts.map((part) => JSON.parse(part)))
		}
	}
	const reading = read()
	return {
		lines,
		write(line: string) {
			child.stdin.write(`${line}\n`)
			child.stdin.flush()
		},
		until: (is: (line: Line) => boolean): Promise<Line> =>
			eventually(() => lines.find(is), { what: `a line of the client: ${is}` }) as Promise<Line>,
		async [Symbol.asyncDispose]() {
			child.kill('SIGKILL')
			await child.exited
			await reading
		},
	}
}
