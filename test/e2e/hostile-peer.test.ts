import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { eventually } from '../support/eventually.ts'
import { stalledReader } from '../support/stalled-reader.ts'
import { call } from './support/api.ts'
import { startTestServer, type TestServer } from './support/server.ts'

const rssOf = (pid: number): number => Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096
const MB = 2 ** 20

async function joined(server: TestServer) {
	const { body } = await call<{ sid: string; token: string }>('POST', `${server.url}/v1/operators`, { json: {} })
	return { at: `/v1/operators/${body.sid}/ws`, headers: { authorization: `Bearer ${body.token}` } }
}

/** A WebSocket as bytes: what is written goes out as it is. */
async function rawSocket(server: TestServer, path: string, headers: Readonly<Record<string, string>> = {}) {
	const { hostname, port, host } = new URL(server.url)
	const socket = connect(Number(port), hostname)
	let heard = ''
	let isOver = false
	socket.on('data', (chunk) => {
		heard += chunk.toString('latin1')
	})
	for (const end of ['close', 'error']) socket.on(end, () => (isOver = true))
	const lines = Object.entries({ upgrade: 'websocket', connection: 'Upgrade', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
	const key = 'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
	socket.write(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\n${key}${lines.join('')}\r\n`)
	await eventually(() => heard.includes('101 Switching'), { what: 'the upgrade' })
	return { write: (bytes: Uint8Array) => void socket.write(bytes), isOver: () => isOver, [Symbol.dispose]: () => void socket.destroy() }
}

/** A masked frame of a client. */
function frame(opcode: number, payload: Uint8Array, fin = true): Buffer {
	const length = payload.length
	const head = length < 126 ? [length] : length < 65536 ? [126, length >> 8, length & 255] : null
	const size = head ?? [127, 0, 0, 0, 0, (length >> 24) & 255, (length >> 16) & 255, (length >> 8) & 255, length & 255]
	const [first = 0, ...rest] = size
	return Buffer.concat([Buffer.from([(fin ? 0x80 : 0) | opcode, 0x80 | first, ...rest, 0, 0, 0, 0]), payload])
}

/** How long an honest caller waits meanwhile, at worst of some calls. */
async function worstWait(server: TestServer, calls = 40): Promise<number> {
	let worst = 0
	for (let n = 0; n < calls; n++) {
		const began = performance.now()
		expect((await call('POST', `${server.url}/v1/tasks`, { json: { blueprint: { kind: 'id', id: 'main' }, init_ctx: {} } })).status).toBe(
			200,
		)
		worst = Math.max(worst, performance.now() - began)
	}
	return worst
}

describe('a peer that', () => {
	test('reads nothing is closed before it costs memory, and comes back with its cursor without gap or duplicate', async () => {
		await using server = await startTestServer({ args: ['--limits-stall-secs', '1'] })
		const first = (await seqs(server, '')).at(-1) ?? 0
		const paths = ['/v1/events', '/v1/events/ws']
		const upgrade = {
			upgrade: 'websocket',
			connection: 'Upgrade',
			'sec-websocket-version': '13',
			'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
		}
		using sse = await stalledReader(server.url, `${paths[0]}?after=${first}`)
		using socket = await stalledReader(server.url, `${paths[1]}?after=${first}`, upgrade)
		await open(server, 2)
		const before = rssOf(server.pid)
		const flow = { kind: 'loop', counter: { op: 'path', at: '$.n' }, cond: { op: 'lit', value: true }, max: 40_000, body: step }
		const agents = [{ name: 'identity', kind: 'rust_fn', spec: { fn_id: 'identity' } }]
		const json = { blueprint: { kind: 'inline', value: { id: 'many', flow, agents } }, init_ctx: {} }
		expect((await call('POST', `${server.url}/v1/tasks`, { json })).status).toBe(200)
		await open(server, 0)
		expect(rssOf(server.pid) - before).toBeLessThan(150 * MB)
		expect(server.stderr).toContain('limits.stall_secs')

		const told = [...(await sse.rest()).matchAll(/^id: (\d+)\r?\ndata: .*\}$/gm)].map(([, seq]) => Number(seq))
		expect(told.length).toBeGreaterThan(100)
		const rest = await seqs(server, `after=${told.at(-1) ?? first}`)
		const all = await seqs(server, `after=${first}`)
		expect([...told, ...rest]).toEqual(all)
		expect(await socket.rest()).toContain('101')
	}, 90_000)

	test('floods its socket with frames does not starve others', async () => {
		await using server = await startTestServer()
		const { at, headers } = await joined(server)
		const quiet = await worstWait(server)
		using flood = await rawSocket(server, at, headers)
		const burst = Buffer.concat(Array.from({ length: 2000 }, () => frame(1, Buffer.from('{"type":"spawn_ack","req_id":"none","ok":true}'))))
		let isFlooding = true
		const flooding = (async () => {
			while (isFlooding && !flood.isOver()) {
				flood.write(burst)
				await Bun.sleep(5)
			}
		})()
		const worst = await worstWait(server)
		isFlooding = false
		await flooding
		expect(worst).toBeLessThan(quiet + 2000)
	}, 60_000)

	test('sends frames that are none is closed or ignored, and the server answers on', async () => {
		await using server = await startTestServer()
		const { at, headers } = await joined(server)
		const noise = (bytes: number): Buffer => Buffer.from(crypto.getRandomValues(new Uint8Array(bytes)))
		const attempts: readonly Buffer[] = [
			...Array.from({ length: 40 }, (_, n) => noise(1 + n * 7)),
			frame(2, noise(500)),
			frame(1, noise(500)),
			Buffer.concat([frame(1, Buffer.from('{"type":'), false), frame(0, Buffer.from('"hello"}'))]),
			Buffer.concat([frame(1, Buffer.from('{'), false), frame(1, Buffer.from('}'))]),
			frame(9, noise(200)),
			frame(8, Buffer.from([3])),
			frame(1, Buffer.from(`${'['.repeat(50_000)}${']'.repeat(50_000)}`)),
			frame(1, Buffer.alloc(2 ** 24 + 1, 'x')),
			frame(0, Buffer.from('goes on from nothing')),
		]
		for (const bytes of attempts) {
			using socket = await rawSocket(server, at, headers)
			socket.write(bytes)
			await Bun.sleep(2)
		}
		expect((await call('GET', `${server.url}/v1/healthz`)).status).toBe(200)
		expect(await worstWait(server, 5)).toBeLessThan(2000)
	}, 60_000)

	test('never ends its headers, or has huge ones, keeps nobody waiting', async () => {
		await using server = await startTestServer()
		const { hostname, port } = new URL(server.url)
		const slow = Array.from({ length: 200 }, () => connect(Number(port), hostname).on('error', () => {}))
		for (const socket of slow) socket.write('GET /v1/healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow: ')
		expect(await worstWait(server, 10)).toBeLessThan(2000)
		const huge = await call('GET', `${server.url}/v1/healthz`, { headers: { 'x-huge': 'x'.repeat(1_000_000) } }).catch(() => ({
			status: 0,
		}))
		expect([0, 400, 413, 431]).toContain(huge.status)
		expect((await call('GET', `${server.url}/v1/healthz`)).status).toBe(200)
		for (const socket of slow) socket.destroy()
		expect(await server.kill('SIGTERM')).toBe(0)
	}, 60_000)
})

test('three thousand idle sockets cost little each, keep nobody waiting and do not hold up a stop', async () => {
	await using server = await startTestServer({ args: ['--limits-subscribers', '4000'] })
	await worstWait(server, 5)
	const before = rssOf(server.pid)
	const address = `${server.url.replace('http', 'ws')}/v1/events/ws?after=latest&kind=server.`
	const sockets: WebSocket[] = []
	for (let n = 0; n < 3000; n += 100) {
		const some = Array.from({ length: 100 }, () => new WebSocket(address))
		await Promise.all(some.map((socket) => new Promise((resolve) => socket.addEventListener('open', resolve))))
		sockets.push(...some)
	}
	const each = (rssOf(server.pid) - before) / sockets.length
	process.stdout.write(
		`3000 idle sockets: ${(each / 1024).toFixed(1)} KiB resident each, ${(rssOf(server.pid) / MB).toFixed(0)} MB in all\n`,
	)
	expect(each).toBeLessThan(40 * 1024)
	expect(await worstWait(server, 10)).toBeLessThan(2000)
	expect(await server.kill('SIGTERM')).toBe(0)
}, 90_000)

const step = { kind: 'step', ref: 'identity', in: { op: 'lit', value: 'x'.repeat(200) }, out: { op: 'path', at: '$.r' } }

async function seqs(server: TestServer, query: string): Promise<number[]> {
	const { body } = await call<string>('GET', `${server.url}/v1/events?follow=false&${query}`)
	return [...String(body).matchAll(/^id: (\d+)\ndata/gm)].map(([, seq]) => Number(seq))
}

/** How many event streams the server has open. */
async function open(server: TestServer, count: number): Promise<void> {
	const now = async () => /^mse_event_streams (\d+)$/m.exec(String((await call('GET', `${server.url}/metrics`)).body))?.[1]
	await eventually(async () => Number(await now()) === count, { what: `${count} open streams` })
}
