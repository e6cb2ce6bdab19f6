import type { Clock } from '../../kernel/clock.ts'
import type { Grant } from './lease.ts'

/** Somebody who asks for turns of these profiles. */
export interface Puller {
	readonly profiles: readonly string[]
	readonly holder: string | null
	/** The profile's own when left out. */
	readonly leaseMs: number | undefined
	resolve(grant: Promise<Grant> | null): void
}

/** Those who wait for a turn, in the order in which they came. */
export class Pullers {
	readonly #waiting = new Set<Puller>()

	/** Resolves to null when nothing came in time, or the signal fired. */
	wait(puller: Omit<Puller, 'resolve'>, waitMs: number, signal: AbortSignal, clock: Clock): Promise<Grant | null> {
		const { promise, resolve } = Promise.withResolvers<Grant | null>()
		const leave = (): void => mine.resolve(null)
		const cancelTimer = clock.after(waitMs, leave)
		signal.addEventListener('abort', leave, { once: true })
		const mine: Puller = {
			...puller,
			resolve: (grant) => {
				this.#waiting.delete(mine)
				cancelTimer()
				signal.removeEventListener('abort', leave)
				resolve(grant)
			},
		}
		this.#waiting.add(mine)
		return promise
	}

	/** Whoever waits longest for that profile waits no more. */
	take(profile: string): Puller | undefined {
		const found = [...this.#waiting].find(({ profiles }) => profiles.includes(profile))
		if (found) this.#waiting.delete(found)
		return found
	}

	stop(): void {
		for (const puller of this.#waiting) puller.resolve(null)
	}
}
