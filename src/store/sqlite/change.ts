/** A change that waits for its transaction. */
export interface Waiting {
	readonly run: () => unknown
	/** How many facts it writes. */
	readonly weight: () => number
	/** See `SqliteDatabase.writeAhead`. */
	readonly applied?: (value: never) => void
	readonly resolve: (value: never) => void
	readonly reject: (error: unknown) => void
}

/** A change that was run, with what came of it. */
export interface Entry {
	readonly waiting: Waiting
	value?: unknown
	error?: unknown
}
