/**
 * A process of its own: so many clients, each with a connection it keeps, posting the same body as fast as answers come.
 * Speaks HTTP itself, because `fetch` would cost more than the servers it measures.
 */
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
}

async function run(load: HttpLoad): Promise<HttpLoadResult> {
	const { hostname, port, host } = new URL(load.url)
	const head = `POST ${load.path} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: ${load.body.length}\r\n\r\n`
	const times: number[] = []
	let left = load.requests
	const take = (): boolean => left-- > 0
	const from = performance.now()
	const client = () => post({ hostname, port: Number(port), request: head + load.body, take, times })
	await Promise.all(Array.from({ length: load.clients }, client))
	const seconds = (performance.now() - from) / 1000
	return { perSecond: times.length / seconds, p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99) }
}

interface Client {
	readonly hostname: string
	readonly port: number
	readonly request: string
	/** True while there is another request to make. */
	take(): boolean
	readonly times: number[]
}

function post({ hostname, port, request, take, times }: Client): Promise<void> {
	return new Promise((resolve, reject) => {
		let answer = ''
		let sentAt = 0
		const next = (socket: Bun.Socket): void => {
			answer = ''
			sentAt = performance.now()
			if (take()) socket.write(request)
			else {
				resolve()
				socket.end()
			}
		}
		const connection = Bun.connect({
			...{ hostname, port },
			socket: {
				open: next,
				data(socket, chunk) {
					answer += chunk.toString('latin1')
					if (!isWhole(answer)) return
					if (!answer.startsWith('HTTP/1.1 200')) return reject(new Error(answer))
					times.push(performance.now() - sentAt)
					next(socket)
				},
				error: (_, error) => reject(error),
				close: () => reject(new Error('the server closed a connection')),
			},
		})
		connection.catch(reject)
	})
}

function isWhole(answer: string): boolean {
	const end = answer.indexOf('\r\n\r\n')
	const length = /\r\ncontent-length: (\d+)/i.exec(answer)?.[1]
	return end >= 0 && length !== undefined && answer.length >= end + 4 + Number(length)
}
