import type { AttemptRecord } from '../../../core/dispatch/attempt-store.ts'

/** What of an attempt never changes once it began. */
export type LastingAttempt = Omit<AttemptRecord, 'status' | 'runStatus' | 'system' | 'endedAt'>

/** Of so many attempts, and of each that was asked in so few bytes. */
const KEPT = 512
const KEPT_BYTES = 8 * 1024

/**
 * The newest attempts by the fingerprint of their handle, since workers come soon after theirs began. What changes of an attempt is
 * never in here, nor whether it is there at all: that is on disk.
 */
export class AttemptMemory {
	readonly #attempts = new Map<string, LastingAttempt>()

	get(handleHash: string): LastingAttempt | undefined {
		return this.#attempts.get(handleHash)
	}

	/** `bytes`: of its prompt and its context. */
	put(handleHash: string, attempt: LastingAttempt, bytes: number): void {
		if (bytes > KEPT_BYTES) return
		this.#attempts.set(handleHash, attempt)
		const [oldest] = this.#attempts.keys()
		if (this.#attempts.size > KEPT && oldest !== undefined) this.#attempts.delete(oldest)
	}
}
