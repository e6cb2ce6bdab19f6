import type { Event } from '../../protocol/event.ts'
import type { EventFilter } from './filter.ts'
import type { EventTail } from './tail.ts'

/**
 * The one log, as readers see it: committed facts only, in `seq` order. Appending is the stores' business, in the
 * transaction of the state change itself.
 */
export interface EventLog {
	/** Up to `limit` matching facts with `seq > after`, oldest first. */
	read(after: number, filter: EventFilter, limit: number): Promise<readonly Event[]>
	/**
	 * The bounds a cursor may lie in: `oldest` is the first fact still kept (0 when empty), `newest` the last one. Up to
	 * `droppedTo` (0 at first) only facts of runs that have not ended are kept.
	 */
	bounds(): Promise<{ readonly oldest: number; readonly newest: number; readonly droppedTo: number }>
	/** Calls `listener` after each commit with its facts, in order. The returned function ends it and may be called twice. */
	subscribe(listener: (facts: readonly Event[]) => void): () => void
	/** What readers that have caught up are given the newest facts from. */
	readonly tail: EventTail
}
