import type { Clock } from '../../src/kernel/clock.ts'

export interface FakeClock extends Clock {
	/**
	 * Moves time on, firing what falls due in its order. The event loop turns after each, so that work a timer starts, and timers
	 * that work sets within the span, are part of it.
	 */
	advance(ms: number): Promise<void>
	/** Like `advance`, in small strides, with room in between for work that takes several turns (a commit, say) to set its next timer. */
	elapse(ms: number): Promise<void>
	/** How many timers wait. */
	readonly pending: number
}

interface Timer {
	readonly at: number
	readonly fire: () => void
}

/** A clock that stands still until it is moved. Starts at 2026-01-01T00:00:00Z unless told otherwise. */
export function fakeClock(start = Date.UTC(2026, 0, 1)): FakeClock {
	let now = start
	const timers = new Set<Timer>()
	const nextDue = (end: number): Timer | undefined => [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
	const clock: FakeClock = {
		now: () => now,
		after(ms, fire) {
			const timer = { at: now + Math.max(0, ms), fire }
			timers.add(timer)
			return () => void timers.delete(timer)
		},
		async advance(ms) {
			const end = now + ms
			await turn()
			for (let timer = nextDue(end); timer !== undefined; timer = nextDue(end)) {
				timers.delete(timer)
				now = timer.at
				timer.fire()
				await turn()
			}
			now = end
		},
		async elapse(ms) {
			for (let left = ms; left > 0; left -= STRIDE_MS) {
				for (let count = 0; count < TURNS; count++) await turn()
				await clock.advance(Math.min(left, STRIDE_MS))
			}
			for (let count = 0; count < TURNS; count++) await turn()
		},
		get pending() {
			return timers.size
		},
	}
	return clock
}

const STRIDE_MS = 250
const TURNS = 12

function turn(): Promise<void> {
	return new Promise((resolve) => setImmediate(resolve))
}
