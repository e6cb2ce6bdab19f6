/** The streams that follow the log right now, and how far each one is. */
export class OpenStreams {
	readonly #positions = new Set<() => number>()

	/** The returned function says that the stream is over. */
	enter(position: () => number): () => void {
		this.#positions.add(position)
		return () => void this.#positions.delete(position)
	}

	get count(): number {
		return this.#positions.size
	}

	/** How many events the slowest one is behind. */
	lag(newest: number): number {
		return Math.max(0, ...[...this.#positions].map((position) => newest - position()))
	}
}
