import { MseError } from '../../../kernel/error.ts'
import type { Driver } from '../drive/driver.ts'
import { InFlight } from '../in-flight.ts'

/** What concerns every run of this process at once: holding all of them, and getting ready to stop. */
export class ServerHold {
	readonly inFlight = new InFlight()
	readonly #drivers: () => Iterable<Driver>
	readonly #clock: { after(ms: number, fn: () => void): () => void }
	#held = false
	#draining = false

	constructor(options: { drivers(): Iterable<Driver>; clock: { after(ms: number, fn: () => void): () => void } }) {
		this.#drivers = options.drivers
		this.#clock = options.clock
	}

	/** To be called for every run that starts. */
	entered(driver: Driver): void {
		if (this.#held) driver.pause('server')
	}

	/** No run begins anything new until `release`; those that start meanwhile wait as well. */
	hold(): void {
		this.#held = true
		for (const driver of this.#drivers()) driver.pause('server')
	}

	release(): void {
		if (this.#draining) return
		this.#held = false
		for (const driver of this.#drivers()) driver.proceed('server')
	}

	get isHeld(): boolean {
		return this.#held
	}

	get isDraining(): boolean {
		return this.#draining
	}

	/**
	 * Throws `unavailable` once the server takes no more work (code `server_stopping`), and for a caller who would `wait` for
	 * steps that may not begin (`server_paused`).
	 */
	requireOpen(wait = false): void {
		if (wait && this.#held && !this.#draining)
			throw new MseError('unavailable', 'The server is paused: no step begins.', {
				code: 'server_paused',
				hint: 'Launch with "detach": true, or POST /v1/server/resume first.',
			})
		if (!this.#draining) return
		throw new MseError('unavailable', 'The server is stopping and takes no more work.', {
			code: 'server_stopping',
			hint: 'Try again once it is back.',
		})
	}

	/** Begins nothing new, and gives attempts that a stop would lose up to `ms` to end and to have their outcome on disk. */
	async drain(ms: number): Promise<void> {
		this.#draining = true
		this.hold()
		const over = Promise.withResolvers<void>()
		const disarm = this.#clock.after(ms, over.resolve)
		await Promise.race([this.inFlight.idle(), over.promise]).finally(disarm)
		// What the last attempt brought back is folded into its step within this turn.
		await new Promise((resolve) => setImmediate(resolve))
		await Promise.allSettled([...this.#drivers()].map((driver) => driver.flush()))
	}
}
