import type { Clock } from '../../kernel/clock.ts'
import { messageOf } from '../../kernel/error.ts'
import type { Logger } from '../../kernel/log.ts'
import type { Message, MessageStore } from './message-store.ts'

/**
 * Gives a message to whoever receives it. True once nothing can keep it from being read any more; false when the receiver is
 * gone. A promise where that takes time. Never throws.
 */
export type HandOver = (message: Message) => boolean | Promise<boolean>

export interface Receiver {
	/** 0: what is there, or nothing. */
	readonly patienceMs: number
	readonly signal: AbortSignal
	readonly handOver: HandOver
}

interface MailboxDeps {
	readonly owner: string
	readonly messages: MessageStore
	readonly clock: Clock
	readonly log: Logger
	/** Called whenever nobody waits any more and nothing is under way. */
	idle(): void
}

interface Waiter extends Receiver {
	settle(received: boolean): void
	fail(error: unknown): void
}

/** One inbox while somebody receives from it: those who wait, first come first served, one message each. */
export class Mailbox {
	readonly #deps: MailboxDeps
	#waiters: Waiter[] = []
	#serving = false
	#again = false
	/** Being read slowly: undelivered on disk, and nobody else's. */
	readonly #onTheWay = new Set<number>()
	/** Taken for nobody while the disk did not take them back. */
	readonly #kept: Message[] = []

	constructor(deps: MailboxDeps) {
		this.#deps = deps
	}

	/** True once a message was handed over; false when none came in time or the receiver is gone. */
	receive(receiver: Receiver): Promise<boolean> {
		if (receiver.signal.aborted) return Promise.resolve(false)
		return new Promise((resolve, reject) => {
			const leave = (): void => {
				this.#waiters = this.#waiters.filter((other) => other !== waiter)
				receiver.signal.removeEventListener('abort', giveUp)
				cancel()
				this.#tellWhenIdle()
			}
			const giveUp = (): void => waiter.settle(false)
			const waiter: Waiter = {
				...receiver,
				settle(received) {
					leave()
					resolve(received)
				},
				fail(error) {
					leave()
					reject(error)
				},
			}
			const cancel = receiver.patienceMs > 0 ? this.#deps.clock.after(receiver.patienceMs, giveUp) : () => {}
			receiver.signal.addEventListener('abort', giveUp, { once: true })
			this.#waiters.push(waiter)
			this.lookAgain()
		})
	}

	/** To be called when a message for the owner was committed. */
	lookAgain(): void {
		this.#again = true
		if (!this.#serving) void this.#serve()
	}

	async #serve(): Promise<void> {
		this.#serving = true
		while (this.#again && this.#waiters.length > 0) {
			this.#again = false
			const asking = new Set(this.#waiters)
			const stillWaiting = (): Waiter[] => this.#waiters.filter((waiter) => asking.has(waiter))
			try {
				await this.#serveAll()
				for (const waiter of stillWaiting()) if (waiter.patienceMs === 0) waiter.settle(false)
			} catch (error) {
				for (const waiter of stillWaiting()) waiter.fail(error)
			}
		}
		this.#serving = false
		this.#tellWhenIdle()
	}

	#tellWhenIdle(): void {
		const busy = this.#waiters.length + this.#onTheWay.size + this.#kept.length
		if (busy === 0 && !this.#serving) this.#deps.idle()
	}

	/** Until the inbox is empty or nobody waits. */
	async #serveAll(): Promise<void> {
		const { messages, owner } = this.#deps
		while (this.#waiters.length > 0) {
			const message = this.#kept.shift() ?? (await messages.take(owner, [...this.#onTheWay]))
			if (!message) return
			await this.#give(message)
		}
	}

	/** To the first who is still there; else it goes back. */
	async #give(message: Message): Promise<void> {
		for (let waiter = this.#waiters.shift(); waiter; waiter = this.#waiters.shift()) {
			this.#deps.messages.leaves(message.id)
			const handed = waiter.handOver(message)
			if (handed !== true) this.#deps.messages.stays(message.id)
			if (typeof handed !== 'boolean') return await this.#whileRead(message, waiter, handed)
			waiter.settle(handed)
			if (handed) return
		}
		await this.#putBack(message)
	}

	/** A death of the server in the meantime must not lose it, so it is undelivered until it has arrived. */
	async #whileRead(message: Message, waiter: Waiter, handed: Promise<boolean>): Promise<void> {
		this.#onTheWay.add(message.id)
		await this.#try('put back', () => this.#deps.messages.putBack(message.id))
		void handed.then(async (arrived) => {
			if (arrived) this.#deps.messages.leaves(message.id)
			if (arrived) await this.#try('mark as delivered', () => this.#deps.messages.deliver(message.id))
			this.#onTheWay.delete(message.id)
			waiter.settle(arrived)
			if (!arrived) this.lookAgain()
		})
	}

	async #putBack(message: Message): Promise<void> {
		if (!(await this.#try('put back', () => this.#deps.messages.putBack(message.id)))) this.#kept.push(message)
	}

	/** Whether it was done; a disk that refuses is logged, and nobody's request fails of it. */
	async #try(what: string, write: () => Promise<void>): Promise<boolean> {
		try {
			await write()
			return true
		} catch (thrown) {
			this.#deps.log.warn(`could not ${what} a message`, { owner: this.#deps.owner, reason: messageOf(thrown) })
			return false
		}
	}
}
