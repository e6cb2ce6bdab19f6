import { startServer } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import { silentLogger } from '../../src/kernel/log.ts'
import type { ClientReply, ServerMsg } from '../../src/protocol/operator-frame.ts'
import { eventually } from './eventually.ts'

type FrameOf<T extends ServerMsg['type']> = Extract<ServerMsg, { type: T }>

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers by path
export type Answered = { readonly status: number; readonly body: any }

/** The whole server in this process, on a free port; in memory unless it gets a folder. */
export async function appWorld({ dir, flags = {} }: { readonly dir?: string; readonly flags?: Readonly<Record<string, string>> } = {}) {
	const given = {
		bind: '127.0.0.1:0',
		'hive-enabled': 'false',
		...(dir === undefined ? { ephemeral: 'true' } : { 'data-dir': dir }),
		...flags,
	}
	const asFlags = new Map(Object.entries(given).map(([name, value]) => [name, [value]]))
	const config = loadConfig({ flags: asFlags, env: { HOME: '/nonexistent' }, readFile: () => undefined })
	const server = await startServer(config, silentLogger, {})
	const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answered> => {
		const json = body !== undefined && typeof body !== 'string'
		const response = await fetch(server.url + path, {
			method,
			headers: { ...(json && { 'content-type': 'application/json' }), ...headers },
			...(body !== undefined && { body: json ? JSON.stringify(body) : String(body) }),
		})
		const text = await response.text()
		return { status: response.status, body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text }
	}
	return {
		url: server.url,
		call,
		launch: (blueprint: unknown, over: object = {}) =>
			call('POST', '/v1/tasks', { blueprint: { kind: 'inline', value: blueprint }, init_ctx: {}, ...over }),
		async join(roles: readonly string[] = []) {
			const { body } = await call('POST', '/v1/operators', { roles })
			return { sid: String(body.sid), token: String(body.token) }
		},
		connect: (operator: { sid: string; token: string }) => connectOperator(server.url, operator),
		eventsOf: async (kind: string): Promise<Record<string, unknown>[]> => {
			const response = await fetch(`${server.url}/v1/events?kind=${kind}&follow=false`)
			const lines = (await response.text()).split('\n').filter((line) => line.startsWith('data:'))
			return lines.map((line) => JSON.parse(line.slice('data:'.length)))
		},
		[Symbol.asyncDispose]: () => server.stop(),
	}
}

export type AppWorld = Awaited<ReturnType<typeof appWorld>>

/** An operator's client: keeps the frames it got and says what the test says. */
export async function connectOperator(url: string, { sid, token }: { sid: string; token: string }) {
	const frames: ServerMsg[] = []
	const address = `${url.replace('http', 'ws')}/v1/operators/${sid}/ws`
	const socket = new WebSocket(address, { headers: { authorization: `Bearer ${token}` } } as unknown as string[])
	socket.onmessage = ({ data }) => void frames.push(JSON.parse(String(data)))
	await new Promise((resolve, reject) => {
		socket.onopen = resolve
		socket.onerror = reject
	})
	return {
		frames,
		/** The next frame of that type that was not taken yet. */
		async next<T extends ServerMsg['type']>(type: T): Promise<FrameOf<T>> {
			const at = await eventually(() => frames.findIndex((frame) => frame.type === type) + 1 || null, { what: `a frame ${type}` })
			const [frame] = frames.splice(at - 1, 1)
			return frame as FrameOf<T>
		},
		say: (reply: ClientReply) => socket.send(JSON.stringify(reply)),
		async close() {
			const closed = new Promise((resolve) => {
				socket.onclose = resolve
			})
			socket.close()
			await closed
		},
	}
}
