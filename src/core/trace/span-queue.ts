import type { Span } from './span.ts'

/** What one event of the log ended. */
export interface Ended {
	readonly seq: number
	readonly spans: readonly Span[]
}

/** Spans on their way out, in the order of the log. When it is full, whoever reads the log waits, and nobody else. */
export class SpanQueue {
	readonly #most: number
	readonly #plenty: number
	#ended: Ended[] = []
	#waiting = 0
	#something = Promise.withResolvers<void>()
	#enough = Promise.withResolvers<void>()
	#room = Promise.withResolvers<void>()

	/** `plenty` are worth a send of their own; with `most` it is full. */
	constructor({ plenty, most }: { readonly plenty: number; readonly most: number }) {
		this.#plenty = plenty
		this.#most = most
	}

	/** How many spans. */
	get waiting(): number {
		return this.#waiting
	}

	get isFull(): boolean {
		return this.#waiting >= this.#most
	}

	add(ended: Ended): void {
		this.#ended.push(ended)
		this.#waiting += ended.spans.length
		this.#something.resolve()
		if (this.#waiting >= this.#plenty) this.#enough.resolve()
	}

	/** Everything there is. */
	take(): readonly Ended[] {
		const ended = this.#ended
		this.#ended = []
		this.#waiting = 0
		this.#something = Promise.withResolvers()
		this.#enough = Promise.withResolvers()
		this.#room.resolve()
		this.#room = Promise.withResolvers()
		return ended
	}

	/** Resolves when there is something to take. */
	something(): Promise<void> {
		return this.#something.promise
	}

	/** Resolves when there is plenty to take. */
	plenty(): Promise<void> {
		return this.#enough.promise
	}

	/** Resolves at the next `take`. */
	room(): Promise<void> {
		return this.#room.promise
	}
}
