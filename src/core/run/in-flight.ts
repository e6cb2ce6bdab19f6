/** An attempt under way, as far as a stop of the server is concerned. */
export interface AttemptUnderWay {
	/** Whether the next life of the server can go on with it; then nobody needs to wait for its end. */
	isResumable(): boolean
}

/** The attempts under way in this process. */
export class InFlight {
	readonly #attempts = new Set<AttemptUnderWay>()
	#waiting: (() => void)[] = []

	/** The returned function says that the attempt ended. */
	enter(attempt: AttemptUnderWay): () => void {
		this.#attempts.add(attempt)
		return () => {
			this.#attempts.delete(attempt)
			this.changed()
		}
	}

	/** To be called when an attempt became resumable. Costs nothing while nobody waits. */
	changed(): void {
		if (this.#waiting.length === 0 || this.count > 0) return
		const woken = this.#waiting
		this.#waiting = []
		for (const wake of woken) wake()
	}

	/** Those that a stop would lose. */
	get count(): number {
		return [...this.#attempts].filter((attempt) => !attempt.isResumable()).length
	}

	/** Resolves once a stop would lose none. */
	idle(): Promise<void> {
		if (this.count === 0) return Promise.resolve()
		return new Promise((resolve) => void this.#waiting.push(resolve))
	}
}
