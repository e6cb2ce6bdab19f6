/** Work of less than so many milliseconds needs no rest. */
const SHORT_MS = 4
const LONGEST_REST_MS = 100

/**
 * Does something again and again, as often as it is wanted, and rests as long as the work and what it set off took: what was wanted
 * meanwhile is done once, after the rest.
 */
export function newTurns(work: () => void) {
	let isResting = false
	let isWanted = false
	const turn = (): void => {
		isWanted = false
		isResting = true
		const began = performance.now()
		work()
		// After everything that the work woke in this turn.
		setImmediate(() => {
			const spent = performance.now() - began
			if (spent < SHORT_MS) rested()
			else setTimeout(rested, Math.min(spent, LONGEST_REST_MS))
		})
	}
	const rested = (): void => {
		isResting = false
		if (isWanted) turn()
	}
	return {
		want(): void {
			isWanted = true
			if (!isResting) turn()
		},
	}
}
