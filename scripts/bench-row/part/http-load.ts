/** A process of its own: so many clients, each with a connection it keeps, posting the same body as fast as answers come. */
import { connectHttp } from './http-client.ts'
import { quantile } from './round.ts'

export interface HttpLoad {
	readonly url: string
	readonly path: string
	readonly body: string
	readonly clients: number
	readonly requests: number
}

export interface HttpLoadResult {
	readonly perSecond: number
	readonly p50Ms: number
	readonly p99Ms: number
}

if (import.meta.main) {
	const load = JSON.parse(process.argv[2] ?? '') as HttpLoad
	process.stdout.write(JSON.stringify(await run(load)))
	process.exit(0)
}

async function run({ url, path, body, clients, requests }: HttpLoad): Promise<HttpLoadResult> {
	const connections = await Promise.all(Array.from({ length: clients }, () => connectHttp(url)))
	const times: number[] = []
	let left = requests
	const from = performance.now()
	await Promise.all(
		connections.map(async (connection) => {
			while (left-- > 0) {
				const sentAt = performance.now()
				await connection.send('POST', path, { body })
				times.push(performance.now() - sentAt)
			}
		}),
	)
	const seconds = (performance.now() - from) / 1000
	return { perSecond: times.length / seconds, p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99) }
}
