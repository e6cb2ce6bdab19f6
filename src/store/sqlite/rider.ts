import { AsyncLocalStorage } from 'node:async_hooks'
import type { Json } from '../../kernel/json.ts'

/** Goes into the transaction of what a request does, whichever store does it. */
export interface Rider {
	/** Runs inside the change; `effect` says what came of it. */
	write(effect: Json): void
	/** Set once a change has taken it: what the request starts goes on for long, and none of that is the request's own. */
	taken: boolean
}

/** The database, as far as a rider goes. */
interface Ridden {
	readonly riders: AsyncLocalStorage<Rider>
	write<T>(change: () => T): Promise<T>
}

/** Whose request the code that runs just now belongs to. */
export const newRiders = (): AsyncLocalStorage<Rider> => new AsyncLocalStorage()

/**
 * As `db.write`, for the one change that a request is made for. `toEffect` says what came of it, enough to answer a repeat by;
 * undefined when nothing did.
 */
export function writeEffect<T>(db: Ridden, change: () => T, toEffect: (value: T) => Json | undefined): Promise<T> {
	const rider = db.riders.getStore()
	if (!rider || rider.taken) return db.write(change)
	rider.taken = true
	return db.write(() => {
		const value = change()
		const effect = toEffect(value)
		if (effect !== undefined) rider.write(effect)
		return value
	})
}
