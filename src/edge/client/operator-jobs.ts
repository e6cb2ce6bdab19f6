/** What jobs know of a request. */
export interface Job {
	readonly reqId: string
	/** Does the work; must not throw. The signal fires when nobody wants it any more. */
	perform(signal: AbortSignal): Promise<void>
}

/** Requests being worked on, at most so many at once, the others in the order they came. One `reqId` is never there twice. */
export class OperatorJobs {
	readonly #concurrency: number
	readonly #running = new Map<string, AbortController>()
	#waiting: Job[] = []
	#whenIdle: (() => void)[] = []

	constructor(concurrency: number) {
		this.#concurrency = concurrency
	}

	has(reqId: string): boolean {
		return this.#running.has(reqId) || this.#waiting.some((job) => job.reqId === reqId)
	}

	/** Starts the job as soon as there is room; false when it is there already. */
	offer(job: Job): boolean {
		if (this.has(job.reqId)) return false
		this.#waiting.push(job)
		this.#fill()
		return true
	}

	/** Starts nothing that has not begun; returns the requests that had not. */
	dropWaiting(): readonly string[] {
		const dropped = this.#waiting.map(({ reqId }) => reqId)
		this.#waiting = []
		this.#wake()
		return dropped
	}

	get running(): readonly string[] {
		return [...this.#running.keys()]
	}

	/** Ends one that runs, for that reason. */
	abort(reqId: string, reason: Error): void {
		this.#running.get(reqId)?.abort(reason)
	}

	/** Resolves once nothing runs and nothing waits. */
	idle(): Promise<void> {
		return this.#isIdle ? Promise.resolve() : new Promise((resolve) => void this.#whenIdle.push(resolve))
	}

	get #isIdle(): boolean {
		return this.#running.size === 0 && this.#waiting.length === 0
	}

	#fill(): void {
		while (this.#running.size < this.#concurrency) {
			const job = this.#waiting.shift()
			if (!job) return
			const controller = new AbortController()
			this.#running.set(job.reqId, controller)
			void job.perform(controller.signal).finally(() => {
				this.#running.delete(job.reqId)
				this.#fill()
				this.#wake()
			})
		}
	}

	#wake(): void {
		if (!this.#isIdle) return
		const woken = this.#whenIdle
		this.#whenIdle = []
		for (const wake of woken) wake()
	}
}
