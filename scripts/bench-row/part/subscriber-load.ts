/**
 * A process of its own: so many readers of the event log, each on a WebSocket, while runs are launched at a steady rate. Each
 * reader keeps the seqs it was sent; in the end they are compared with what the log itself holds.
 */
import type { Json } from '../../../src/kernel/json.ts'
import { readEvents } from './event-read.ts'
import { connectHttp } from './http-client.ts'
import { quantile } from './round.ts'

export interface SubscriberLoad {
	readonly url: string
	readonly subscribers: number
	readonly seconds: number
	readonly runsPerSecond: number
	readonly blueprint: Json
}

export interface SubscriberResult {
	readonly eventsPerSecond: number
	/** Of all pairs of a reader and an event: those that the reader was not sent exactly once, in order. */
	readonly missed: number
	readonly p50Ms: number
	readonly p99Ms: number
}

interface Reader {
	readonly socket: WebSocket
	readonly seqs: number[]
}

if (import.meta.main) {
	const load = JSON.parse(process.argv[2] ?? '') as SubscriberLoad
	process.stdout.write(JSON.stringify(await run(load)))
	process.exit(0)
}

async function run(load: SubscriberLoad): Promise<SubscriberResult> {
	const delays: number[] = []
	const readers = await Promise.all(Array.from({ length: load.subscribers }, (_, n) => read(load.url, n === 0 ? delays : null)))
	const from = performance.now()
	await launchSteadily(load)
	const seconds = (performance.now() - from) / 1000
	const log = await readEvents(load.url, 'run,step')
	await allCaughtUp(readers, log.length)
	for (const { socket } of readers) socket.close()
	const missed = readers.reduce((sum, { seqs }) => sum + log.filter(({ seq }, n) => seqs[n] !== seq).length, 0)
	return { eventsPerSecond: log.length / seconds, missed, p50Ms: quantile(delays, 0.5), p99Ms: quantile(delays, 0.99) }
}

/** Only one reader looks at times: reading a whole frame would cost more than sending it. */
async function read(url: string, delays: number[] | null): Promise<Reader> {
	const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/events/ws?kind=run,step`)
	const reader: Reader = { socket, seqs: [] }
	socket.addEventListener('message', ({ data }) => {
		const text = String(data)
		const seq = /"seq":(\d+)/.exec(text)?.[1]
		if (seq === undefined) return
		reader.seqs.push(Number(seq))
		delays?.push(Date.now() - Number(/"at":(\d+)/.exec(text)?.[1]))
	})
	await new Promise((resolve) => socket.addEventListener('open', resolve))
	return reader
}

async function launchSteadily({ url, seconds, runsPerSecond, blueprint }: SubscriberLoad): Promise<void> {
	const http = await connectHttp(url)
	const body = JSON.stringify({ blueprint: { kind: 'inline', value: blueprint }, init_ctx: {} })
	const from = performance.now()
	for (let n = 0; n < seconds * runsPerSecond; n++) {
		await http.send('POST', '/v1/tasks', { body })
		const due = from + ((n + 1) * 1000) / runsPerSecond
		if (due > performance.now()) await Bun.sleep(due - performance.now())
	}
	http.close()
}

async function allCaughtUp(readers: readonly Reader[], events: number): Promise<void> {
	const until = performance.now() + 10_000
	while (performance.now() < until && readers.some(({ seqs }) => seqs.length < events)) await Bun.sleep(20)
}
