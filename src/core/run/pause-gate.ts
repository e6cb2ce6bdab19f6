import { raceAbort } from '../../kernel/abort.ts'

/** What a paused run waits at before it begins anything new. What is at work already goes on. */
export class PauseGate {
	#opening: PromiseWithResolvers<void> | null = null

	get isClosed(): boolean {
		return this.#opening !== null
	}

	close(): void {
		this.#opening ??= Promise.withResolvers<void>()
	}

	open(): void {
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
