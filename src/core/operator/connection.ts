import { type FaultPoint, noFault } from '../../kernel/fault.ts'
import type { ServerMsg } from '../../protocol/operator-frame.ts'
import type { Waiter } from './waiter.ts'

/** An open socket, as far as operators need one. Whoever drives it also keeps it alive and tells when it is closed. */
export interface Channel {
	/** `queued`: behind others; `dropped`: lost, and the socket is being closed. */
	send(frame: ServerMsg): 'sent' | 'queued' | 'dropped'
	/** The payload comes back in a pong once the peer has read everything sent before. */
	ping(payload: string): void
	/** What is sent meanwhile leaves as one write. Absent: each by itself. */
	together?(send: () => void): void
	close(code: number, reason: string): void
}

/** So many frames may be under way before the first of them is proven read. */
const WINDOW_FRAMES = 256

/**
 * One socket of an operator. After each frame it sends a ping with a counter; peers answer pings in order, so a pong
 * with counter n proves that every frame up to n was read.
 */
export class Connection {
	/** The client understands frames of ours. */
	saidHello = false
	readonly #channel: Channel
	readonly #fault: FaultPoint
	#counter = 0
	#unproven: { readonly n: number; readonly waiter: Waiter }[] = []
	#isCongested = false
	#isUsable = true

	constructor(channel: Channel, fault: FaultPoint = noFault) {
		this.#channel = channel
		this.#fault = fault
	}

	/** Whether another frame may go out before earlier ones are proven read. */
	get hasRoom(): boolean {
		return this.#isUsable && !this.#isCongested && this.#unproven.length < WINDOW_FRAMES
	}

	/** Sends the frame of a request. */
	deliver(waiter: Waiter, frame: ServerMsg): void {
		const n = ++this.#counter
		this.#unproven.push({ n, waiter })
		this.#fault('frame.before_send')
		const send = (): void => {
			if (this.tell(frame)) this.#channel.ping(String(n))
		}
		if (this.#channel.together) this.#channel.together(send)
		else send()
		this.#fault('frame.after_send')
	}

	/** Sends a frame that is not worth proving; false when it is lost, and the socket with it. */
	tell(frame: ServerMsg): boolean {
		const result = this.#isUsable ? this.#channel.send(frame) : 'dropped'
		if (result === 'dropped') this.#isUsable = false
		if (result === 'queued') this.#isCongested = true
		return this.#isUsable
	}

	/** Sends a frame of ours, if the client understands those. */
	notify(frame: ServerMsg): void {
		if (this.saidHello) this.tell(frame)
	}

	/** A pong came: the requests whose frames it proves read. A payload that is no counter of ours proves nothing. */
	proven(payload: string): readonly Waiter[] {
		const upTo = /^\d{1,15}$/.test(payload) ? Number(payload) : 0
		const count = this.#unproven.findIndex(({ n }) => n > upTo)
		const read = this.#unproven.splice(0, count === -1 ? this.#unproven.length : count)
		if (read.length > 0) this.#isCongested = false
		return read.map(({ waiter }) => waiter)
	}

	/** Nothing is sent on it any more. */
	close(code: number, reason: string): void {
		if (!this.#isUsable) return
		this.#isUsable = false
		this.#channel.close(code, reason)
	}
}
