import { describe, expect, test } from 'bun:test'
import { gzipSync } from 'node:zlib'
import { eventually } from '../../support/eventually.ts'
import { testServer } from '../../support/test-server.ts'

const json = { 'content-type': 'application/json' }

describe('a hostile body', () => {
	test('nested a hundred thousand levels deep is refused, and the server answers on', async () => {
		await using server = await testServer()
		const deep = `{"blueprint":{"kind":"id","id":"main"},"init_ctx":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
		const answer = await server.send('POST', '/v1/tasks', deep, json)
		expect(answer.status).toBeGreaterThanOrEqual(400)
		expect(answer.status).toBeLessThan(500)
		expect((await server.call('GET', '/v1/healthz')).body).toBe('ok')
	})

	test('that is compressed is not unpacked', async () => {
		await using server = await testServer()
		const bomb = gzipSync(Buffer.alloc(64 * 2 ** 20, ' '))
		const answer = await fetch(`${server.url}/v1/tasks`, { method: 'POST', body: bomb, headers: { ...json, 'content-encoding': 'gzip' } })
		expect(answer.status).toBeGreaterThanOrEqual(400)
		expect(answer.status).toBeLessThan(500)
	})

	test('that never comes whole does not keep others waiting', async () => {
		await using server = await testServer()
		const { hostname, port } = new URL(server.url)
		const socket = await Bun.connect({ hostname, port: Number(port), socket: { data() {} } })
		socket.write(`POST /v1/tasks HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{`)
		const launched = await server.call('POST', '/v1/tasks', { blueprint: { kind: 'id', id: 'main' }, init_ctx: {} })
		expect(launched.status).toBe(200)
		socket.end()
	})
})

test('two hundred idle event sockets are refused above the limit and do not keep the server from stopping', async () => {
	await using server = await testServer({ 'limits-subscribers': '150' })
	const address = `${server.url.replace('http', 'ws')}/v1/events/ws?after=latest`
	const sockets = Array.from({ length: 200 }, () => new WebSocket(address))
	const countOf = (state: number) => sockets.filter(({ readyState }) => readyState === state).length
	await eventually(() => countOf(WebSocket.OPEN) + countOf(WebSocket.CLOSED) === 200 && countOf(WebSocket.CLOSED) >= 50, {
		what: 'each is open or refused',
	})
	expect(countOf(WebSocket.OPEN)).toBe(150)
	expect((await server.call('GET', '/v1/healthz')).status).toBe(200)
})
