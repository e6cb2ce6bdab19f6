import { startServer } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import type { Json, JsonObject } from '../../src/kernel/json.ts'
import { silentLogger } from '../../src/kernel/log.ts'
import { eventually } from './eventually.ts'

/** A whole server in this process, on a free port and without a data directory. */
export async function testServer(flags: { readonly [name: string]: string } = {}) {
	const given = { bind: '127.0.0.1:0', ephemeral: 'true', 'drain-secs': '0', ...flags }
	const config = loadConfig({
		flags: new Map(Object.entries(given).map(([name, value]) => [name, [value]])),
		env: {},
		readFile: () => undefined,
	})
	const server = await startServer(config, silentLogger, {})
	const send = (method: string, path: string, body?: string, headers: Record<string, string> = {}) =>
		fetch(server.url + path, { method, headers, ...(body !== undefined && { body }) })
	return {
		url: server.url,
		send,
		/** Sends JSON and reads JSON. */
		async call(method: string, path: string, body?: Json, headers: Record<string, string> = {}) {
			const answer = await send(method, path, body === undefined ? undefined : JSON.stringify(body), {
				...(body !== undefined && { 'content-type': 'application/json' }),
				...headers,
			})
			const text = await answer.text()
			const isJson = text.startsWith('{') || text.startsWith('[')
			// biome-ignore lint/suspicious/noExplicitAny: tests look into answers by path
			const read: any = isJson ? JSON.parse(text) : text
			return { status: answer.status, headers: answer.headers, body: read }
		},
		[Symbol.asyncDispose]: () => server.stop(),
	}
}

export type TestServer = Awaited<ReturnType<typeof testServer>>

/** An operator with that role, connected; frames are taken in the order in which they came. */
export async function joinedOperator(server: TestServer, role: string, headers: Record<string, string> = {}) {
	const { body } = await server.call('POST', '/v1/operators', { roles: [role] }, headers)
	const frames: JsonObject[] = []
	const address = `${server.url.replace('http', 'ws')}/v1/operators/${body.sid}/ws`
	const socket = new WebSocket(address, { headers: { authorization: `Bearer ${body.token}` } } as never)
	socket.onmessage = ({ data }) => void frames.push(JSON.parse(String(data)) as JsonObject)
	await new Promise((opened) => socket.addEventListener('open', opened, { once: true }))
	return {
		sid: body.sid as string,
		reply: (frame: JsonObject) => socket.send(JSON.stringify(frame)),
		/** The next spawn, with what its worker says of itself. */
		async spawned() {
			const frame = await eventually(() => frames.shift(), { what: 'a spawn' })
			const text = (key: string): string => String(frame[key])
			const bearer = `Bearer ${text('worker_handle')}`
			return { reqId: text('req_id'), stepId: text('task_id'), directive: text('directive'), token: text('capability_token'), bearer }
		},
		[Symbol.dispose]: () => socket.close(),
	}
}
