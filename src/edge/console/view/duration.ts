const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** How long something took or waits, in the two largest units that say something: `850 ms`, `4.2 s`, `3 min 5 s`, `2 d 4 h`. */
export function durationText(ms: number): string {
	if (ms < SECOND) return `${Math.max(0, Math.round(ms))} ms`
	if (ms < 10 * SECOND) return `${(ms / SECOND).toFixed(1)} s`
	if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`
	if (ms < HOUR) return pair(ms, MINUTE, 'min', SECOND, 's')
	if (ms < DAY) return pair(ms, HOUR, 'h', MINUTE, 'min')
	return pair(ms, DAY, 'd', HOUR, 'h')
}

/** An age, which counts in whole seconds: what changes each second may not change its width as well. */
export const ageText = (ms: number): string => (ms < MINUTE ? `${Math.max(0, Math.floor(ms / SECOND))} s` : durationText(ms))

/** What is left until then, or since when it is over. */
export function deadlineText(at: number, now: number): string {
	return at > now ? `${ageText(at - now)} left` : `${ageText(now - at)} overdue`
}

function pair(ms: number, large: number, largeUnit: string, small: number, smallUnit: string): string {
	const count = Math.floor(ms / large)
	const rest = Math.floor((ms % large) / small)
	return rest === 0 ? `${count} ${largeUnit}` : `${count} ${largeUnit} ${rest} ${smallUnit}`
}
