/**
 * A process of its own: so many operators, each with a WebSocket and one kept connection for its worker. For every spawn
 * frame the worker gets its prompt and submits its result, then the operator acknowledges.
 */
import type { Json } from '../../../src/kernel/json.ts'
import { connectHttp, type HttpClient } from './http-client.ts'
import { quantile } from './round.ts'

export interface OperatorLoad {
	readonly url: string
	readonly operators: number
	/** Spawn frames for each operator. */
	readonly steps: number
	/** Launched once by each operator, with itself in every seat. Null: the server spawns by itself once a socket opens. */
	readonly blueprint: Json
}

/** A round trip is the time from one spawn frame of an operator to its next. */
export interface OperatorLoadResult {
	readonly perSecond: number
	readonly p50Ms: number
	readonly p99Ms: number
}

interface SpawnFrame {
	readonly type: string
	readonly req_id: string
	readonly task_id: string
	readonly worker_handle: string
}

interface Operator {
	readonly worker: HttpClient
	readonly socket: WebSocket
	readonly spawnedAt: number[]
}

const RESULT = JSON.stringify({ answer: 'done', notes: 'x'.repeat(200) })

if (import.meta.main) {
	const load = JSON.parse(process.argv[2] ?? '') as OperatorLoad
	process.stdout.write(JSON.stringify(await run(load)))
	process.exit(0)
}

async function run(load: OperatorLoad): Promise<OperatorLoadResult> {
	const served = await Promise.all(Array.from({ length: load.operators }, () => serve(load)))
	const all = served.flat()
	const trips = served.flatMap((spawnedAt) => spawnedAt.slice(1).map((at, n) => at - (spawnedAt[n] ?? at)))
	const seconds = (Math.max(...all) - Math.min(...all)) / 1000
	return { perSecond: trips.length / seconds, p50Ms: quantile(trips, 0.5), p99Ms: quantile(trips, 0.99) }
}

/** When each spawn frame came, once all of them have. */
async function serve(load: OperatorLoad): Promise<readonly number[]> {
	// The first spawn frame may come before the answer to the launch: the worker has a connection of its own.
	const [http, worker] = await Promise.all([connectHttp(load.url), connectHttp(load.url)])
	const { sid, token } = load.blueprint === null ? { sid: 'bare', token: 'bare' } : await join(http)
	const address = `${load.url.replace('http', 'ws')}/v1/operators/${sid}/ws`
	const socket = new WebSocket(address, { headers: { authorization: `Bearer ${token}` } })
	const operator: Operator = { worker, socket, spawnedAt: [] }
	const served = new Promise<void>((resolve, reject) => {
		socket.addEventListener('close', ({ code, reason }) => reject(new Error(`a socket was closed: ${code} ${reason}`)))
		socket.addEventListener('message', ({ data }) => {
			operator.spawnedAt.push(performance.now())
			const isLast = operator.spawnedAt.length === load.steps
			work(operator, JSON.parse(String(data)) as SpawnFrame).then(() => isLast && resolve(), reject)
		})
	})
	await new Promise((resolve) => socket.addEventListener('open', resolve))
	if (load.blueprint !== null) await launch(http, sid, load.blueprint)
	await served
	socket.close()
	await new Promise((resolve) => socket.addEventListener('close', resolve))
	return operator.spawnedAt.slice(0, load.steps)
}

async function join(http: HttpClient): Promise<{ readonly sid: string; readonly token: string }> {
	return JSON.parse(await http.send('POST', '/v1/operators', { body: '{}' })) as { sid: string; token: string }
}

async function launch(http: HttpClient, sid: string, blueprint: Json): Promise<void> {
	const body = JSON.stringify({ blueprint: { kind: 'inline', value: blueprint }, init_ctx: {}, operator_sid: sid, detach: true })
	await http.send('POST', '/v1/tasks', { body })
}

async function work({ worker, socket }: Operator, { req_id, task_id, worker_handle: bearer }: SpawnFrame): Promise<void> {
	await worker.send('GET', `/v1/worker/prompt?task_id=${task_id}`, { bearer })
	await worker.send('POST', '/v1/worker/submit', { bearer, body: RESULT })
	socket.send(JSON.stringify({ type: 'spawn_ack', req_id, ok: true }))
}
