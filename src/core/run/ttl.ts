import type { Clock } from '../../kernel/clock.ts'
import type { RunOptions, StepFailure } from './record.ts'

/** How long a run may work, by its time to live or its policy, whichever ends first, and what is said when it is over. */
export function workLimit({ ttlMs, runPolicy }: RunOptions): { readonly ms: number; readonly why: StepFailure } | null {
	const timeoutMs = runPolicy?.timeout_ms
	if (timeoutMs !== undefined && (ttlMs === undefined || timeoutMs < ttlMs))
		return { ms: timeoutMs, why: { code: 'run_timeout', message: `The run used up run_policy.timeout_ms, ${timeoutMs} ms of work.` } }
	if (ttlMs === undefined) return null
	return { ms: ttlMs, why: { code: 'run_ttl', message: `The run used up its time to live of ${ttlMs / 1000} s of work.` } }
}

/**
 * A run's time to live, counted only while something of the run is worked on: time in which every open branch waits for
 * an operator to come does not count, nor does time in which no server was up.
 */
export class WorkTimer {
	readonly #clock: Clock
	readonly #limitMs: number | undefined
	readonly #onExpired: () => void
	#usedMs: number
	#working = 0
	#since = 0
	#isHeld = false
	#cancel: (() => void) | undefined

	constructor(options: { clock: Clock; limitMs: number | undefined; usedMs: number; onExpired: () => void }) {
		this.#clock = options.clock
		this.#limitMs = options.limitMs
		this.#usedMs = options.usedMs
		this.#onExpired = options.onExpired
	}

	/** Milliseconds of work so far; 0 for a run without a limit, which need not be written down. */
	get usedMs(): number {
		if (this.#limitMs === undefined) return 0
		return this.#usedMs + (this.#working > 0 && !this.#isHeld ? this.#clock.now() - this.#since : 0)
	}

	get isWorking(): boolean {
		return this.#working > 0
	}

	/** One more (or one fewer) branch is worked on. */
	add(change: 1 | -1): void {
		const before = this.#working
		this.#working += change
		if (this.#limitMs === undefined || this.#isHeld) return
		if (before === 0 && change === 1) this.#resume(this.#limitMs)
		if (this.#working === 0) this.#pause()
	}

	/** While a run is paused no work of it counts. */
	hold(isHeld: boolean): void {
		if (isHeld === this.#isHeld) return
		const counts = this.#limitMs !== undefined && this.#working > 0
		if (isHeld && counts) this.#pause()
		this.#isHeld = isHeld
		if (!isHeld && counts && this.#limitMs !== undefined) this.#resume(this.#limitMs)
	}

	stop(): void {
		if (this.#working > 0 && !this.#isHeld) this.#pause()
		this.#working = 0
	}

	#resume(limitMs: number): void {
		this.#since = this.#clock.now()
		this.#cancel = this.#clock.after(limitMs - this.#usedMs, this.#onExpired)
	}

	#pause(): void {
		this.#usedMs += this.#clock.now() - this.#since
		this.#cancel?.()
		this.#cancel = undefined
	}
}
