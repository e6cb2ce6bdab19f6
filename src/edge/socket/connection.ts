import type { Socket } from 'bun'
import type { Clock } from '../../kernel/clock.ts'
import { toMseError } from '../../kernel/error.ts'
import type { Logger } from '../../kernel/log.ts'
import { type Line, newLineReader } from './line-reader.ts'
import { newOutgoing } from './outgoing.ts'
import type { Vocabulary } from './vocabulary.ts'

export interface ConnectionDeps {
	readonly vocabulary: Vocabulary
	readonly maxLineBytes: number
	readonly clock: Clock
	readonly log: Logger
}

/** One client, as its socket tells of it. */
export interface Connection {
	data(chunk: Uint8Array): void
	drain(): void
	/** The client will write no more; it still gets its answers. */
	end(): void
	/** The client is gone. */
	close(): void
	/** Ends it once the request under way is answered; what waits for a message is answered `empty`. */
	stop(): Promise<void>
}

export type ClientSocket = Pick<Socket, 'write' | 'end' | 'shutdown' | 'terminate' | 'pause' | 'resume'>

/** Lines that wait to be handled; beyond this many nothing more is read. */
const PENDING_LINES = 256
/** Time that a client gets to read why it was hung up on, and to stop writing. */
const HANG_UP_MS = 1000

/** Answers the lines of one connection strictly one after the other, in their order. */
export function openConnection(socket: ClientSocket, { vocabulary, maxLineBytes, clock, log }: ConnectionDeps): Connection {
	const outgoing = newOutgoing(socket)
	const reader = newLineReader(maxLineBytes)
	const gone = new AbortController()
	let lines: Line[] = []
	let state: 'open' | 'ended' | 'hung_up' | 'closed' = 'open'
	let working: Promise<void> | undefined
	let cancelHangUp = (): void => {}
	const write = (response: object): boolean | Promise<boolean> => outgoing.write(`${JSON.stringify(response)}\n`)

	const answer = async (text: string): Promise<void> => {
		try {
			const response = await vocabulary.answer(text, { signal: gone.signal, write })
			if (response) write(response)
		} catch (thrown) {
			const error = toMseError(thrown)
			if (error.kind === 'internal') log.error('a hive request failed', { error: thrown })
			write(vocabulary.refusal(error.message))
		}
		await outgoing.flushed()
	}
	/** Writes why, then lets the client finish what it was writing, for which it would otherwise get an error. */
	const hangUp = (why: string): void => {
		state = 'hung_up'
		write(vocabulary.refusal(`invalid request: ${why}`))
		void outgoing.flushed().then(() => socket.shutdown())
		cancelHangUp = clock.after(HANG_UP_MS, () => socket.terminate())
	}
	const finish = (): void => {
		state = 'closed'
		socket.end()
	}
	const work = async (): Promise<void> => {
		for (let line = lines.shift(); line && state !== 'closed'; line = lines.shift()) {
			if (lines.length === 0) socket.resume()
			if ('fault' in line) return hangUp(line.fault)
			await answer(line.text)
		}
		if (state === 'ended') finish()
	}
	const take = (more: readonly Line[]): void => {
		lines.push(...more)
		if (lines.length > PENDING_LINES) socket.pause()
		working ??= work().finally(() => {
			working = undefined
			if (state !== 'closed' && (lines.length > 0 || state === 'ended')) take([])
		})
	}
	return {
		data: (chunk) => state === 'open' && take(reader.push(chunk)),
		drain: () => outgoing.drain(),
		end() {
			if (state === 'hung_up') return finish()
			if (state !== 'open') return
			state = 'ended'
			take(reader.end())
		},
		close() {
			state = 'closed'
			cancelHangUp()
			outgoing.close()
			gone.abort()
		},
		async stop() {
			lines = []
			gone.abort()
			if (state === 'open') state = 'ended'
			await working
			if (state === 'ended') finish()
		},
	}
}
