const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Milliseconds for people: `12 ms`, `3.4 s`, `2 min 5 s`, `1 h 12 min`. */
export function durationText(ms: number): string {
	if (ms < SECOND) return `${Math.round(ms)} ms`
	if (ms < MINUTE) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`
	if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min ${Math.floor((ms % MINUTE) / SECOND)} s`
	return `${Math.floor(ms / HOUR)} h ${Math.floor((ms % HOUR) / MINUTE)} min`
}
