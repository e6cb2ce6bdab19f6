/** What this client launched and wanted cancelled; everything else about runs is the server's to say. */
export interface LaunchedRun {
	readonly taskId: string
	/** `bind` of its launch. */
	readonly bind: string | undefined
}

const MOST = 1000

/** The newest thousand, by run id. */
export class LaunchedRuns {
	readonly #runs = new Map<string, LaunchedRun>()
	readonly #cancelled = new Set<string>()

	add(id: string, run: LaunchedRun): void {
		this.#runs.set(id, run)
		for (const oldest of this.#runs.keys()) {
			if (this.#runs.size <= MOST) return
			this.#runs.delete(oldest)
			this.#cancelled.delete(oldest)
		}
	}

	get(id: string): LaunchedRun | undefined {
		return this.#runs.get(id)
	}

	get all(): readonly (readonly [id: string, run: LaunchedRun])[] {
		return [...this.#runs]
	}

	cancelRequested(id: string): void {
		if (this.#runs.has(id)) this.#cancelled.add(id)
	}

	isCancelRequested(id: string): boolean {
		return this.#cancelled.has(id)
	}
}
