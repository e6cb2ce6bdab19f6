/** Lets the event loop turn during long work. One per evaluation; every repetition and every lane asks it. */
export interface Pace {
	/** Something to wait for before going on, when work has gone on for too long; the same promise for everyone who asks meanwhile. */
	due(): Promise<void> | undefined
}

const LONGEST_STRETCH_MS = 4
/** The clock is read once in so many calls: reading it costs about as much as a small node. */
const CALLS_PER_LOOK = 16

export function newPace(): Pace {
	let calls = 0
	let stretchStart: number | undefined
	let breath: Promise<void> | undefined
	const breathe = (): Promise<void> => {
		breath = new Promise((resolve) =>
			setImmediate(() => {
				breath = undefined
				resolve()
			}),
		)
		return breath
	}
	return {
		due() {
			if (breath !== undefined) return breath
			if (++calls % CALLS_PER_LOOK !== 0) return undefined
			if (stretchStart !== undefined) return performance.now() - stretchStart > LONGEST_STRETCH_MS ? breathe() : undefined
			stretchStart = performance.now()
			// A turn of the event loop for any other reason, say a pending step, ends the stretch as well.
			setImmediate(() => {
				stretchStart = undefined
			})
			return undefined
		},
	}
}
