import { raceAbort } from '../../kernel/abort.ts'

/** A fixed number of places; who comes when all are taken waits in line. */
export interface Slots {
	/**
	 * Takes a place and resolves to what gives it back (once; again does nothing). `onWait` is called when there is none free.
	 * Rejects with the signal's reason when it fires first.
	 */
	take(signal: AbortSignal, onWait: () => void): Promise<() => void>
	/** One place more, also where all are taken. */
	add(): () => void
	/** Resolves when a place is given back that nobody in line took. Rejects with the signal's reason. */
	freed(signal: AbortSignal): Promise<void>
	readonly taken: number
	readonly waiting: number
}

export function newSlots(limit: number): Slots {
	const line = newLine()
	let taken = 0
	let free = Promise.withResolvers<void>()

	const give = (): (() => void) => {
		let given = true
		taken++
		return () => {
			if (!given) return
			given = false
			taken--
			if (taken < limit) line.letIn()
			if (taken >= limit) return
			free.resolve()
			free = Promise.withResolvers()
		}
	}

	return {
		get taken() {
			return taken
		},
		get waiting() {
			return line.length
		},
		add: give,
		freed: (signal) => raceAbort(free.promise, signal),
		async take(signal, onWait) {
			signal.throwIfAborted()
			if (taken < limit) return give()
			onWait()
			return line.wait(signal, give)
		},
	}
}

function newLine() {
	const line = new Set<() => void>()
	return {
		get length() {
			return line.size
		},
		/** Lets the first in, if anybody waits. */
		letIn(): void {
			const [next] = line
			next?.()
		},
		/** Resolves to what `enter` returns. */
		wait: <T>(signal: AbortSignal, enter: () => T): Promise<T> =>
			new Promise((resolve, reject) => {
				const leave = (): void => {
					line.delete(goIn)
					signal.removeEventListener('abort', stop)
				}
				const goIn = (): void => {
					leave()
					resolve(enter())
				}
				const stop = (): void => {
					leave()
					reject(signal.reason)
				}
				line.add(goIn)
				signal.addEventListener('abort', stop, { once: true })
			}),
	}
}
