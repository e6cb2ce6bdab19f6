import { raceAbort } from '../../kernel/abort.ts'

/** Who wants nothing new to begin: somebody paused the run, or the whole server. */
export type PausedBy = 'run' | 'server'

/** What a paused run waits at before it begins anything new. What is at work already goes on. */
export class PauseGate {
	readonly #closedBy = new Set<PausedBy>()
	#opening: PromiseWithResolvers<void> | null = null

	get isClosed(): boolean {
		return this.#opening !== null
	}

	close(by: PausedBy = 'run'): void {
		this.#closedBy.add(by)
		this.#opening ??= Promise.withResolvers<void>()
	}

	/** Stays closed while another one wants it so. */
	open(by: PausedBy = 'run'): void {
		this.#closedBy.delete(by)
		if (this.#closedBy.size > 0) return
		this.#opening?.resolve()
		this.#opening = null
	}

	/** Resolves once the gate is open, `undefined` when it is already; rejects with the signal's reason. */
	pass(signal: AbortSignal): Promise<void> | undefined {
		return this.#opening === null ? undefined : this.#wait(signal)
	}

	async #wait(signal: AbortSignal): Promise<void> {
		while (this.#opening) await raceAbort(this.#opening.promise, signal)
	}
}
