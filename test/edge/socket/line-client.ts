import type { Socket } from 'bun'
import { decodeAsSeed } from './seed-decoder.ts'

/** A client of one socket that reads every line as the original types would, and throws where it cannot. */
export interface LineClient extends Disposable {
	/** Writes bytes as they are; resolves once the system has them all. */
	write(bytes: string | Uint8Array): Promise<void>
	/** The next line, without its end; null once the server has ended the connection. */
	line(): Promise<string | null>
	/** One request, one answer. */
	ask(request: object): Promise<Record<string, unknown>>
	/** Writes no more; answers still come. */
	halfClose(): void
	/** Goes away without a word. */
	vanish(): void
	/** Reads nothing until told to. */
	pause(): void
	resume(): void
	/** Lines that nobody asked for yet. */
	readonly waiting: number
}

export async function connectTo(path: string, socket: 'host' | 'agent'): Promise<LineClient> {
	const decoder = new TextDecoder('utf-8', { fatal: true })
	const lines: string[] = []
	let wanting: ((line: string | null) => void)[] = []
	let rest = ''
	let isOver = false
	let drained = (): void => {}
	const over = (): void => {
		isOver = true
		for (const want of wanting.splice(0)) want(null)
		drained()
	}
	const peer: Socket = await Bun.connect({
		...{ unix: path, allowHalfOpen: true },
		socket: {
			data(_, chunk) {
				const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n')
				rest = parts.pop() ?? ''
				for (const line of parts) {
					const want = wanting.shift()
					if (want) want(line)
					else lines.push(line)
				}
			},
			drain: () => drained(),
			end: over,
			close: over,
		},
	})
	const nextLine = async (): Promise<string | null> => {
		const ready = lines.shift()
		if (ready !== undefined || isOver) return ready ?? null
		return await new Promise((resolve) => {
			wanting = [...wanting, resolve]
		})
	}
	const client: LineClient = {
		async write(text) {
			let bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text
			while (bytes.length > 0) {
				const taken = peer.write(bytes)
				if (taken < 0) return
				bytes = bytes.subarray(taken)
				if (bytes.length > 0 && isOver) return
				if (bytes.length > 0) await new Promise<void>((resolve) => (drained = resolve))
			}
		},
		async line() {
			const line = await nextLine()
			if (line !== null) decodeAsSeed(socket, line)
			return line
		},
		async ask(request) {
			await client.write(`${JSON.stringify(request)}\n`)
			return JSON.parse((await client.line()) ?? 'null')
		},
		halfClose: () => peer.shutdown(),
		vanish: () => peer.terminate(),
		pause: () => peer.pause(),
		resume: () => peer.resume(),
		get waiting() {
			return lines.length
		},
		[Symbol.dispose]: () => peer.terminate(),
	}
	return client
}
