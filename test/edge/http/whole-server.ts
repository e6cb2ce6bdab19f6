import { startServer } from '../../../src/app.ts'
import { loadConfig } from '../../../src/config.ts'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { silentLogger } from '../../../src/kernel/log.ts'
import type { ServerMsg } from '../../../src/protocol/operator-frame.ts'
import { eventually } from '../../support/eventually.ts'
import { type Answer, readAnswer } from './support.ts'

export type Spawn = Extract<ServerMsg, { type: 'spawn' }>

/** A whole server in memory on a port of its own, and operators that the test plays. */
export async function operatorServer(flags: Readonly<Record<string, string>> = {}) {
	const given = { ephemeral: 'true', bind: '127.0.0.1:0', ...flags }
	const config = loadConfig({
		flags: new Map(Object.entries(given).map(([name, value]) => [name, [value]])),
		env: {},
		readFile: () => undefined,
	})
	const server = await startServer(config, silentLogger, {})
	const sockets: WebSocket[] = []
	const call = async (method: string, path: string, body?: unknown, bearer?: string): Promise<Answer> => {
		const headers = {
			...(body !== undefined && { 'content-type': 'application/json' }),
			...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
		}
		return readAnswer(await fetch(`${server.url}${path}`, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) }))
	}
	return {
		call,
		async join(body: JsonObject = {}): Promise<{ sid: string; token: string }> {
			return (await call('POST', '/v1/operators', body)).body
		},
		/** Opens the socket of a session; `spawns` grows as they come. */
		async connect({ sid, token }: { sid: string; token: string }) {
			const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v1/operators/${sid}/ws`, {
				headers: { authorization: `Bearer ${token}` },
			})
			sockets.push(socket)
			const spawns: Spawn[] = []
			socket.addEventListener('message', ({ data }) => {
				const frame = JSON.parse(String(data)) as ServerMsg
				if (frame.type === 'spawn') spawns.push(frame)
			})
			await new Promise((resolve, reject) => {
				socket.addEventListener('open', resolve)
				socket.addEventListener('error', reject)
			})
			return {
				spawns,
				/** The spawn of that number, once it came. */
				spawn: (n: number): Promise<Spawn> => eventually(() => spawns[n - 1], { what: `spawn ${n} of ${sid}` }),
				ack: (spawn: Spawn, value: unknown) => socket.send(JSON.stringify({ type: 'spawn_ack', req_id: spawn.req_id, value })),
			}
		},
		/** Posts a worker's result with the handle of its frame. */
		submit: async (spawn: Spawn, text: string): Promise<Answer> =>
			readAnswer(
				await fetch(`${server.url}/v1/worker/submit`, {
					method: 'POST',
					body: text,
					headers: { authorization: `Bearer ${spawn.worker_handle}` },
				}),
			),
		launch: (blueprint: JsonObject, over: object = {}) =>
			call('POST', '/v1/tasks', { blueprint: { kind: 'inline', value: blueprint }, init_ctx: {}, detach: true, ...over }),
		/** The run, once it has that status. */
		ended: (runId: string, status: string) =>
			eventually(
				async () => {
					const { body } = await call('GET', `/v1/runs/${runId}`)
					return body.status === status && body
				},
				{ what: `run ${runId} is ${status}` },
			),
		async [Symbol.asyncDispose]() {
			for (const socket of sockets) socket.close()
			await server.stop()
		},
	}
}

/** One step for the operator who holds the seat `main`. */
export const forMain = (over: JsonObject = {}): JsonObject => ({
	id: 'steered',
	flow: { kind: 'step', ref: 'writer', in: { op: 'lit', value: 'write it' }, out: { op: 'path', at: '$.text' } },
	agents: [{ name: 'writer', kind: 'operator', spec: { operator_ref: 'main' } }],
	operators: [{ name: 'main' }],
	...over,
})
