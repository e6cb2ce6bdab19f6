/** A fixed number of places; who comes when all are taken waits in line. */
export interface Slots {
	/**
	 * Takes a place and resolves to what gives it back (once; again does nothing). `onWait` is called when there is none free.
	 * Rejects with the signal's reason when it fires first.
	 */
	take(signal: AbortSignal, onWait: () => void): Promise<() => void>
	/** One place more, also where all are taken. */
	add(): () => void
	readonly taken: number
	readonly waiting: number
}

export function newSlots(limit: number): Slots {
	const line = new Set<() => void>()
	let taken = 0

	const give = (): (() => void) => {
		let given = true
		taken++
		return () => {
			if (!given) return
			given = false
			taken--
			const [next] = line
			if (taken < limit) next?.()
		}
	}

	const wait = (signal: AbortSignal): Promise<() => void> =>
		new Promise((resolve, reject) => {
			const leave = (): void => {
				line.delete(enter)
				signal.removeEventListener('abort', stop)
			}
			const enter = (): void => {
				leave()
				resolve(give())
			}
			const stop = (): void => {
				leave()
				reject(signal.reason)
			}
			line.add(enter)
			signal.addEventListener('abort', stop, { once: true })
		})

	return {
		get taken() {
			return taken
		},
		get waiting() {
			return line.size
		},
		add: give,
		async take(signal, onWait) {
			signal.throwIfAborted()
			if (taken < limit) return give()
			onWait()
			return wait(signal)
		},
	}
}
