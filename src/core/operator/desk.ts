import type { RequestId, SessionId } from '../../kernel/id.ts'
import type { Connection } from './connection.ts'
import type { DeliveryMarks } from './delivery-marks.ts'
import { toFrame } from './request.ts'
import type { OpenState } from './store.ts'
import { tellStanding, type Waiter } from './waiter.ts'

/**
 * The requests addressed to one session, oldest first, and the socket they go to. A frame not proven read goes to the
 * next socket again; one that was is never repeated by itself.
 */
export class Desk {
	readonly sid: SessionId
	readonly #marks: DeliveryMarks
	readonly #waiters = new Map<RequestId, Waiter>()
	#unsent = new Set<Waiter>()
	#isUnordered = false
	#newest = 0
	/** What is newer than this has to wait for something older. */
	#heldAfter = Number.POSITIVE_INFINITY
	connection: Connection | null = null
	/** Requests that are about to be put here. */
	expected = 0

	constructor(sid: SessionId, marks: DeliveryMarks) {
		this.sid = sid
		this.#marks = marks
	}

	/** How many requests the session has waiting. */
	get size(): number {
		return this.#waiters.size + this.expected
	}

	get(reqId: RequestId): Waiter | undefined {
		return this.#waiters.get(reqId)
	}

	all(): readonly Waiter[] {
		return [...this.#waiters.values()]
	}

	add(waiter: Waiter): void {
		this.#waiters.set(waiter.request.reqId, waiter)
		if (waiter.state !== 'delivered') this.#queue(waiter)
		this.#tellWorking(waiter)
	}

	remove(waiter: Waiter): void {
		this.#waiters.delete(waiter.request.reqId)
		this.#unsent.delete(waiter)
	}

	/** From now on frames go to that socket, the unproven ones of the one before included. Returns the one before. */
	attach(connection: Connection): Connection | null {
		const before = this.connection
		this.connection = connection
		this.#unsent.clear()
		for (const waiter of this.#waiters.values()) {
			if (waiter.state !== 'delivered') this.#queue(waiter)
			this.#tellWorking(waiter)
		}
		return before
	}

	/** The socket is gone; what it did not prove read waits for the next one. */
	detach(): void {
		this.connection = null
		for (const waiter of this.#waiters.values()) {
			if (waiter.state !== 'delivered') this.#move(waiter, 'parked')
			this.#tellWorking(waiter)
		}
	}

	/** Sends what is waiting, as far as the socket has room. */
	pump(): void {
		this.#order()
		for (const waiter of this.#unsent) {
			if (!this.connection?.hasRoom) return
			if (!waiter.isStored || waiter.request.createdAt > this.#heldAfter) continue
			this.#unsent.delete(waiter)
			this.#move(waiter, 'sent')
			this.connection.deliver(waiter, toFrame(waiter))
		}
	}

	/** Requests made after that time are not sent before older ones have come here; undefined: nothing older is to come. */
	holdAfter(createdAt = Number.POSITIVE_INFINITY): void {
		this.#heldAfter = createdAt
		this.pump()
	}

	/** A pong of the present socket proves these frames read. */
	delivered(waiters: readonly Waiter[]): void {
		for (const waiter of waiters) {
			if (!waiter.isDone && waiter.state === 'sent') this.#move(waiter, 'delivered')
		}
		this.pump()
	}

	/** Sends a request once more, now or when a socket comes. */
	again(waiter: Waiter): void {
		this.#move(waiter, 'parked')
		this.#queue(waiter)
		this.pump()
	}

	#queue(waiter: Waiter): void {
		const { createdAt } = waiter.request
		if (this.#unsent.size === 0) this.#newest = createdAt
		this.#isUnordered ||= createdAt < this.#newest
		this.#newest = Math.max(this.#newest, createdAt)
		this.#unsent.add(waiter)
	}

	/** Oldest first, also when an older one came late. */
	#order(): void {
		if (!this.#isUnordered) return
		this.#isUnordered = false
		this.#unsent = new Set([...this.#unsent].sort((a, b) => a.request.createdAt - b.request.createdAt))
	}

	#move(waiter: Waiter, state: OpenState): void {
		waiter.state = state
		tellStanding(waiter, this.connection !== null)
		if (waiter.storedState === state) return
		waiter.storedState = state
		this.#marks.set(waiter.request.reqId, state)
	}

	#tellWorking(waiter: Waiter): void {
		waiter.asking.working(this.connection !== null)
		tellStanding(waiter, this.connection !== null)
	}
}
