import { raceAbort } from '../../kernel/abort.ts'
import type { Clock } from '../../kernel/clock.ts'
import { MseError } from '../../kernel/error.ts'
import type { ClientReply, ServerMsg } from '../../protocol/operator-frame.ts'
import type { Inbox } from './operator-client.ts'
import type { OperatorLine } from './operator-line.ts'
import { OperatorOutbox } from './operator-outbox.ts'

/** A frame that asks something of an operator, or tells it of the end of a step (`hook_after`, which wants no reply). */
export type OperatorFrame = Extract<ServerMsg, { readonly type: 'spawn' | 'ask' | 'hook_before' | 'hook_after' }>

/** What became of a reply by now: on the server's disk, refused by it, or kept until the server can have it. */
export type ReplyFate =
	| { readonly kind: 'received' }
	| { readonly kind: 'refused'; readonly code: string; readonly message: string }
	| { readonly kind: 'kept' }

/** A refused reply that the server may take later is sent again after so long. */
const RETRY_MS = 1000
const FINAL_REFUSALS: ReadonlySet<string> = new Set(['unknown_request', 'gone'])

/** An inbox that somebody takes frames out of, one at a time, and answers when they please. Outlives its sockets. */
export class OperatorFrames implements Inbox {
	readonly #clock: Clock
	readonly #outbox = new OperatorOutbox()
	#queue: OperatorFrame[] = []
	/** Taken and not answered, by `req_id`. */
	readonly #taken = new Map<string, OperatorFrame>()
	readonly #arrivals = new Set<() => void>()
	readonly #fates = new Map<string, (fate: ReplyFate) => void>()

	constructor(clock: Clock) {
		this.#clock = clock
	}

	/** Those that wait to be taken, oldest first. */
	get waiting(): readonly OperatorFrame[] {
		return this.#queue
	}

	/** Those in hand: taken, and neither answered nor withdrawn. */
	get taken(): readonly OperatorFrame[] {
		return [...this.#taken.values()]
	}

	/** The oldest, which is then in hand. */
	take(): OperatorFrame | undefined {
		const frame = this.#queue.shift()
		if (frame && frame.type !== 'hook_after') this.#taken.set(frame.req_id, frame)
		return frame
	}

	/** Resolves once there is something to take; rejects with the signal's reason. */
	async arrival(signal: AbortSignal): Promise<void> {
		if (this.#queue.length > 0) return
		const { promise, resolve } = Promise.withResolvers<void>()
		this.#arrivals.add(resolve)
		await raceAbort(promise, signal).finally(() => this.#arrivals.delete(resolve))
	}

	/** Sends a reply, and again on each new socket until the server has it. Resolves when that is known, or `kept` when the signal fires. */
	async reply(reply: ClientReply, signal: AbortSignal): Promise<ReplyFate> {
		const { req_id: reqId } = reply
		const { promise, resolve } = Promise.withResolvers<ReplyFate>()
		this.#fates.set(reqId, resolve)
		this.#taken.delete(reqId)
		this.#drop(reqId)
		this.#outbox.add(reply)
		return raceAbort(promise, signal)
			.catch((): ReplyFate => ({ kind: 'kept' }))
			.finally(() => this.#fates.delete(reqId))
	}

	attach(line: OperatorLine): void {
		this.#outbox.attach(line)
	}

	detach(): void {
		this.#outbox.detach()
	}

	receive(frame: ServerMsg): void {
		if (frame.type === 'hello' || frame.type === 'going_away') return
		if (frame.type === 'received') this.#settle(frame.req_id, { kind: 'received' })
		else if (frame.type === 'error') this.#refused(frame)
		else if (this.#outbox.has(frame.req_id)) this.#outbox.again(frame.req_id)
		else if (frame.type === 'hook_after' || !this.knows(frame.req_id)) this.#enqueue(frame)
	}

	knows(reqId: string): boolean {
		return this.#taken.has(reqId) || this.#outbox.has(reqId) || this.#queue.some(({ req_id }) => req_id === reqId)
	}

	get running(): readonly string[] {
		return [...this.#taken.keys(), ...this.#queue.filter(({ type }) => type !== 'hook_after').map(({ req_id }) => req_id)]
	}

	/** Nobody waits for it any more: it is not given out, and an answer to it will be refused. */
	withdraw(reqId: string): void {
		this.#taken.delete(reqId)
		this.#drop(reqId)
	}

	get untaken(): readonly string[] {
		return this.running
	}

	stopTaking(): void {}

	abort(reason: Error): void {
		const gone = { kind: 'refused', code: reason instanceof MseError ? reason.code : 'gone', message: reason.message } as const
		for (const reqId of [...this.#fates.keys()]) this.#settle(reqId, gone)
	}

	async idle(): Promise<void> {}

	receipted(): Promise<void> {
		return this.#outbox.empty()
	}

	#enqueue(frame: OperatorFrame): void {
		this.#queue.push(frame)
		for (const wake of this.#arrivals) wake()
	}

	#drop(reqId: string): void {
		this.#queue = this.#queue.filter(({ type, req_id }) => type === 'hook_after' || req_id !== reqId)
	}

	#settle(reqId: string, fate: ReplyFate): void {
		this.#outbox.settle(reqId)
		this.#fates.get(reqId)?.(fate)
	}

	#refused({ code, message, req_id: reqId }: Extract<ServerMsg, { readonly type: 'error' }>): void {
		if (reqId === undefined) return
		if (FINAL_REFUSALS.has(code)) this.#settle(reqId, { kind: 'refused', code, message })
		else this.#clock.after(RETRY_MS, () => this.#outbox.again(reqId))
	}
}
