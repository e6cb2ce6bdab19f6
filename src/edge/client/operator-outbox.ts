import type { ClientReply } from '../../protocol/operator-frame.ts'
import type { OperatorLine } from './operator-line.ts'

/** Replies until the server has them on disk. What it did not receipt goes out again, in its order, on the next socket. */
export class OperatorOutbox {
	readonly #replies = new Map<string, ClientReply>()
	#line: OperatorLine | null = null
	#whenEmpty: (() => void)[] = []

	get size(): number {
		return this.#replies.size
	}

	has(reqId: string): boolean {
		return this.#replies.has(reqId)
	}

	add(reply: ClientReply): void {
		this.#replies.set(reply.req_id, reply)
		this.#line?.send(reply)
	}

	/** From now on replies go to that socket, those without a receipt first. */
	attach(line: OperatorLine): void {
		this.#line = line
		for (const reply of this.#replies.values()) line.send(reply)
	}

	detach(): void {
		this.#line = null
	}

	/** Sends one reply once more, if it still stands. */
	again(reqId: string): void {
		const reply = this.#replies.get(reqId)
		if (reply) this.#line?.send(reply)
	}

	/** The server has it, or never will; false when there was no such reply. */
	settle(reqId: string): boolean {
		const was = this.#replies.delete(reqId)
		this.#wake()
		return was
	}

	/** Resolves once no reply waits for its receipt. */
	empty(): Promise<void> {
		return this.size === 0 ? Promise.resolve() : new Promise((resolve) => void this.#whenEmpty.push(resolve))
	}

	#wake(): void {
		if (this.size > 0) return
		const woken = this.#whenEmpty
		this.#whenEmpty = []
		for (const wake of woken) wake()
	}
}
