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

export type ClientSocket = Pick<Socket, 'write' | 'end' | 'shutdown' | 'terminate' | 'pause' | 'resume'>

/** Lines that wait to be handled; beyond this many nothing more is read. */
const PENDING_LINES = 256
/** Time that a client gets to read why it was hung up on, and to stop writing. */
const HANG_UP_MS = 1000

/** One client, whose lines are answered strictly one after the other, in their order. */
export class Connection {
	readonly #socket: ClientSocket
	readonly #deps: ConnectionDeps
	readonly #reader
	readonly #outgoing
	/** Fires when nothing may wait for this client any longer. */
	readonly #over = new AbortController()
	#lines: Line[] = []
	/** `ended`: the client writes no more, and still reads. `hung_up`: we do, and it may finish writing. */
	#state: 'open' | 'ended' | 'hung_up' | 'closed' = 'open'
	#working: Promise<void> | undefined
	#cancelHangUp = (): void => {}

	constructor(socket: ClientSocket, deps: ConnectionDeps) {
		this.#socket = socket
		this.#deps = deps
		this.#reader = newLineReader(deps.maxLineBytes)
		this.#outgoing = newOutgoing(socket)
	}

	/** The client wrote something. */
	data(chunk: Uint8Array): void {
		if (this.#state === 'open') this.#take(this.#reader.push(chunk))
	}

	/** The socket can take more. */
	drain(): void {
		this.#outgoing.drain()
	}

	/** The client will write no more; it still gets its answers. */
	end(): void {
		if (this.#state === 'hung_up') this.#finish()
		if (this.#state !== 'open') return
		this.#state = 'ended'
		this.#take(this.#reader.end())
	}

	/** The client is gone. */
	close(): void {
		this.#state = 'closed'
		this.#cancelHangUp()
		this.#outgoing.close()
		this.#over.abort()
	}

	/** Ends it once the request under way is answered; a wait for a message is over at once. */
	async stop(): Promise<void> {
		this.#lines = []
		this.#over.abort()
		if (this.#state === 'open') this.#state = 'ended'
		await this.#working
		if (this.#state === 'ended') this.#finish()
	}

	#take(lines: readonly Line[]): void {
		this.#lines.push(...lines)
		if (this.#lines.length > PENDING_LINES) this.#socket.pause()
		this.#working ??= this.#work().finally(() => {
			this.#working = undefined
			if (this.#state !== 'closed' && (this.#lines.length > 0 || this.#state === 'ended')) this.#take([])
		})
	}

	async #work(): Promise<void> {
		for (let line = this.#lines.shift(); line && this.#state !== 'closed'; line = this.#lines.shift()) {
			if (this.#lines.length === 0) this.#socket.resume()
			if ('fault' in line) return this.#hangUp(line.fault)
			await this.#answer(line.text)
		}
		if (this.#state === 'ended') this.#finish()
	}

	async #answer(text: string): Promise<void> {
		const { vocabulary, log } = this.#deps
		try {
			const write = (response: object): boolean | Promise<boolean> => this.#write(response)
			const response = await vocabulary.answer(text, { signal: this.#over.signal, write })
			if (response) this.#write(response)
		} catch (thrown) {
			const error = toMseError(thrown)
			if (error.kind === 'internal') log.error('a hive request failed', { error: thrown })
			this.#write(vocabulary.refusal(error.message))
		}
		await this.#outgoing.flushed()
	}

	#write(response: object): boolean | Promise<boolean> {
		return this.#outgoing.write(`${JSON.stringify(response)}\n`)
	}

	/** Says why, then lets the client finish what it was writing, which would otherwise fail before it has read that. */
	#hangUp(why: string): void {
		this.#state = 'hung_up'
		this.#write(this.#deps.vocabulary.refusal(`invalid request: ${why}`))
		void this.#outgoing.flushed().then(() => this.#socket.shutdown())
		this.#cancelHangUp = this.#deps.clock.after(HANG_UP_MS, () => this.#socket.terminate())
	}

	#finish(): void {
		this.#state = 'closed'
		this.#socket.end()
	}
}
