/** Runs work of one key one after another, and work of different keys beside each other. */
export type Serial = <T>(key: string, work: () => Promise<T>) => Promise<T>

export function newSerial(): Serial {
	const tails = new Map<string, Promise<unknown>>()
	return (key, work) => {
		const next = (tails.get(key) ?? Promise.resolve()).then(work)
		const tail = next.then(
			() => {},
			() => {},
		)
		tails.set(key, tail)
		void tail.then(() => tails.get(key) === tail && tails.delete(key))
		return next
	}
}
