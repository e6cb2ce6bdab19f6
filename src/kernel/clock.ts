/** The only source of time. Tests pass a fake one and move it by hand. */
export interface Clock {
	/** Milliseconds since the epoch. */
	now(): number
	/** Calls `fn` once after `ms`. The returned function cancels; calling it twice is fine. */
	after(ms: number, fn: () => void): () => void
}

/** JavaScript timers fire at once above this; longer waits are taken in legs. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

export const systemClock: Clock = {
	now: () => Date.now(),
	after(ms, fn) {
		let timer: ReturnType<typeof setTimeout>
		const arm = (left: number): void => {
			const leg = Math.min(left, LONGEST_TIMER_MS)
			timer = setTimeout(() => (left > leg ? arm(left - leg) : fn()), leg)
		}
		arm(Math.max(0, ms))
		return () => clearTimeout(timer)
	},
}

/** Resolves after `ms`, or rejects with the signal's reason when it fires first. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
	return new Promise((resolve, reject) => {
		if (signal?.aborted) return reject(signal.reason)
		const cancel = clock.after(ms, () => {
			signal?.removeEventListener('abort', stop)
			resolve()
		})
		const stop = (): void => {
			cancel()
			reject(signal?.reason)
		}
		signal?.addEventListener('abort', stop, { once: true })
	})
}
