/** One thing at a time for each name, in the order of the calls; names do not wait for one another. */
export interface Lanes {
	run<T>(name: string, work: () => Promise<T>): Promise<T>
	isBusy(name: string): boolean
	/** Resolves once nothing is under way. */
	idle(): Promise<void>
}

export function newLanes(): Lanes {
	const lanes = new Map<string, Promise<unknown>>()
	return {
		run(name, work) {
			const mine = (lanes.get(name) ?? Promise.resolve()).then(work)
			const settled = mine.catch(() => {}).then(() => void (lanes.get(name) === settled && lanes.delete(name)))
			lanes.set(name, settled)
			return mine
		},
		isBusy: (name) => lanes.has(name),
		async idle() {
			while (lanes.size > 0) await Promise.all(lanes.values())
		},
	}
}

/** Does the work for each, so many at a time, and resolves to what came of it, in the order of the items. */
export async function eachOf<T, R>(items: readonly T[], atOnce: number, work: (item: T) => Promise<R>): Promise<R[]> {
	const results: R[] = []
	for (let at = 0; at < items.length; at += atOnce) results.push(...(await Promise.all(items.slice(at, at + atOnce).map(work))))
	return results
}
