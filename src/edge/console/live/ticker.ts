/** Tells the time once a second for as long as somebody listens. */
export interface Ticker {
	now(): number
	/** The returned function ends it. */
	onTick(listener: () => void): () => void
}

export function newTicker(): Ticker {
	const listeners = new Set<() => void>()
	let timer: ReturnType<typeof setInterval> | undefined
	let now = Date.now()
	const tick = (): void => {
		now = Date.now()
		for (const listener of listeners) listener()
	}
	return {
		now: () => now,
		onTick(listener) {
			if (listeners.size === 0) {
				now = Date.now()
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
