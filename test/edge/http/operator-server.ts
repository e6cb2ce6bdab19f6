import { httpApp, listen } from '../../../src/edge/http/app.ts'
import { adminCheck } from '../../../src/edge/http/guard.ts'
import { operatorRoutes } from '../../../src/edge/http/routes/operators.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import { silentLogger } from '../../../src/kernel/log.ts'
import type { OperatorsCreateReq, OperatorsCreateResp } from '../../../src/protocol/operator.ts'
import type { ServerMsg } from '../../../src/protocol/operator-frame.ts'
import { operatorWorld } from '../../support/operator-world.ts'
import { testOptions } from './support.ts'

/** The operators' routes on a real port, with everything behind them in memory. */
export async function operatorServer(options: { adminToken?: string; openJoin?: boolean } = {}) {
	const world = await operatorWorld()
	const { adminToken = null, openJoin = false } = options
	const app = httpApp(testOptions({ adminToken, openJoin }), (root) =>
		root.use(
			operatorRoutes({
				...{ sessions: world.sessions, hub: world.hub, isAdmin: adminCheck(adminToken), clock: systemClock, log: silentLogger },
			}),
		),
	)
	const { url, server } = listen(app, { hostname: '127.0.0.1', port: 0 })
	const call = async (method: string, path: string, { token, body }: { token?: string | null; body?: unknown } = {}) => {
		const headers = {
			...(token && { authorization: `Bearer ${token}` }),
			...(body !== undefined && { 'content-type': 'application/json' }),
		}
		const response = await fetch(url + path, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) })
		const text = await response.text()
		return { status: response.status, body: text === '' ? null : JSON.parse(text) }
	}
	return {
		...{ world, url, call },
		async join(body: OperatorsCreateReq = {}): Promise<OperatorsCreateResp> {
			return (await call('POST', '/v1/operators', { body })).body
		},
		wsUrl: (sid: string) => `${url.replace('http', 'ws')}/v1/operators/${sid}/ws`,
		async [Symbol.asyncDispose]() {
			await server.stop(true)
			world[Symbol.dispose]()
		},
	}
}

/** A client on Bun's WebSocket. `closed` resolves with code and reason. */
export async function openSocket(url: string, token: string) {
	const socket = new WebSocket(url, { headers: { authorization: `Bearer ${token}` } } as never)
	const frames: ServerMsg[] = []
	socket.addEventListener('message', (event) => frames.push(JSON.parse(String(event.data))))
	const closed = new Promise<{ code: number; reason: string }>((resolve) =>
		socket.addEventListener('close', ({ code, reason }) => resolve({ code, reason })),
	)
	const opened = new Promise<void>((resolve) => socket.addEventListener('open', () => resolve()))
	await Promise.race([opened, closed.then(({ reason }) => Promise.reject(new Error(`refused: ${reason}`)))])
	return { frames, closed, socket, say: (frame: unknown) => socket.send(JSON.stringify(frame)) }
}
