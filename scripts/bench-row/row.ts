/** What a row measures with: one disk, one binary, and how much of everything. */
export interface Bench {
	readonly binary: string
	/** Small sizes, one round. */
	readonly quick: boolean
	readonly rounds: number
	/** A new empty folder on the disk under test; gone when the bench ends. */
	folder(): string
}

/** One thing measured: a row of the table. */
export interface Figure {
	readonly what: string
	readonly value: number
	readonly unit: string
	/** What the machine does at best; null where there is no such thing. */
	readonly bare: { readonly what: string; readonly value: number } | null
	/** `value` to `bare.value`, both of the same round; the median of all rounds. */
	readonly ratio: number | null
	/** All must hold; none for a figure that is only reported. */
	readonly floors: readonly Floor[]
}

export interface Floor {
	readonly of: 'value' | 'ratio'
	readonly is: 'at least' | 'at most'
	readonly limit: number
}

/** One file each, listed in `main.ts`. */
export interface BenchRow {
	readonly name: string
	measure(bench: Bench): Promise<readonly Figure[]>
}

export function isMet({ floors, value, ratio }: Figure): boolean {
	return floors.every(({ of, is, limit }) => {
		const measured = of === 'value' ? value : (ratio ?? Number.NaN)
		return is === 'at least' ? measured >= limit : measured <= limit
	})
}
