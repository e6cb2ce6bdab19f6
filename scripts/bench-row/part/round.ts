/** Two measurements taken turn about, so that both see the same machine. */
export interface Compared {
	readonly value: number
	readonly bare: number
	/** Of `value` to `bare`, the median over the rounds. */
	readonly ratio: number
}

export async function compare(rounds: number, bare: () => Promise<number>, ours: () => Promise<number>): Promise<Compared> {
	const taken: Compared[] = []
	for (let round = 0; round < rounds; round++) {
		const limit = await bare()
		const value = await ours()
		taken.push({ value, bare: limit, ratio: value / limit })
	}
	return {
		value: median(taken.map(({ value }) => value)),
		bare: median(taken.map(({ bare: limit }) => limit)),
		ratio: median(taken.map(({ ratio }) => ratio)),
	}
}

export async function repeat(rounds: number, measure: () => Promise<number>): Promise<number> {
	const taken: number[] = []
	for (let round = 0; round < rounds; round++) taken.push(await measure())
	return median(taken)
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** NaN of nothing. */
export function quantile(values: readonly number[], share: number): number {
	const sorted = [...values].sort((a, b) => a - b)
	return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** Milliseconds of `work`. */
export async function elapsed(work: () => unknown): Promise<number> {
	const from = performance.now()
	await work()
	return performance.now() - from
}
