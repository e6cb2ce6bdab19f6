import { join } from 'node:path'
import { openBareDatabase } from './part/disk.ts'
import { compare, median, quantile } from './part/round.ts'
import { startServer } from './part/server.ts'
import type { BenchRow, Figure } from './row.ts'

const LINE = `${JSON.stringify({ cmd: 'send', to: 'operator', body: 'the tests are green again' })}\n`

/**
 * Messages over a socket of the hive, one after the other: each is on disk, with its event, before it is answered, and the next
 * one is sent only then. So the bare limit is the disk's own commits.
 */
export const hiveSendRow: BenchRow = {
	name: 'hive-send',
	async measure({ binary, quick, rounds, folder }) {
		const sends = quick ? 50 : 2000
		const data = folder()
		using bare = openBareDatabase(folder())
		await using _ = await startServer(binary, data)
		const path = join(data, 'hive/manager/mcp.sock')
		const measure = async (what: string, send: Send, floor: number): Promise<readonly Figure[]> => {
			await sendAll(send, path, Math.min(sends, 500))
			const p99s: number[] = []
			const {
				value,
				bare: limit,
				ratio,
			} = await compare(
				rounds,
				async () => 1000 / (await bare.commitMs(sends)),
				async () => {
					const { perSecond, p99Ms } = await sendAll(send, path, sends)
					p99s.push(p99Ms)
					return perSecond
				},
			)
			const oneAfterAnother = { what: 'commits of one row, one after another', value: limit }
			return [
				{ what, value, unit: '/s', ratio, bare: oneAfterAnother, floors: [{ of: 'ratio', is: 'at least', limit: floor }] },
				{
					what: `${what}, p99`,
					value: median(p99s),
					unit: 'ms',
					ratio: null,
					bare: null,
					floors: [{ of: 'value', is: 'at most', limit: 5 }],
				},
			]
		}
		return [
			...(await measure('hive sends on one connection', onOneConnection, 0.5)),
			...(await measure('hive sends, a connection each', onManyConnections, 0.4)),
		]
	},
}

/** Opens what it needs at the path; the function it gives sends once. */
type Send = (path: string) => Promise<{ once(): Promise<void>; close(): void }>

async function sendAll(send: Send, path: string, times: number): Promise<{ readonly perSecond: number; readonly p99Ms: number }> {
	const { once, close } = await send(path)
	const took: number[] = []
	const from = performance.now()
	for (let n = 0; n < times; n++) {
		const began = performance.now()
		await once()
		took.push(performance.now() - began)
	}
	const perSecond = (times / (performance.now() - from)) * 1000
	close()
	return { perSecond, p99Ms: quantile(took, 0.99) }
}

const onOneConnection: Send = async (path) => {
	const client = await connect(path)
	return { once: () => client.send(), close: () => client.close() }
}

const onManyConnections: Send = async (path) => ({
	async once() {
		const client = await connect(path)
		await client.send()
		client.close()
	},
	close() {},
})

async function connect(path: string) {
	let answered = (): void => {}
	const socket = await Bun.connect({ unix: path, socket: { data: () => answered() } })
	return {
		send(): Promise<void> {
			return new Promise((resolve) => {
				answered = resolve
				socket.write(LINE)
			})
		},
		close: () => void socket.end(),
	}
}
