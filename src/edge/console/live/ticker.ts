/** Tells the time once a second for as long as somebody listens. */
export interface Ticker {
	now(): number
	/** What the server's clock said just now, in milliseconds: all times come from there. Small differences are left alone. */
	serverSaid(at: number): void
	/** The returned function ends it. */
	onTick(listener: () => void): () => void
}

/** A server tells its time in whole seconds, and an answer takes a while. */
const SMALL_MS = 3000

export function newTicker(): Ticker {
	const listeners = new Set<() => void>()
	let timer: ReturnType<typeof setInterval> | undefined
	let ahead = 0
	const read = (): number => Date.now() + ahead
	let now = read()
	const tick = (): void => {
		now = read()
		for (const listener of listeners) listener()
	}
	return {
		now: () => now,
		serverSaid(at) {
			const difference = at - Date.now()
			ahead = Math.abs(difference) > SMALL_MS ? difference : 0
		},
		onTick(listener) {
			if (listeners.size === 0) {
				now = read()
				timer = setInterval(tick, 1000)
			}
			listeners.add(listener)
			return () => {
				listeners.delete(listener)
				if (listeners.size === 0) clearInterval(timer)
			}
		},
	}
}
