import type { Event } from '../../protocol/event.ts'

/** What a reader wants to see. Absent keys match everything; `kinds` are prefixes such as `run.` or `step.completed`. */
export interface EventFilter {
	readonly run?: string | undefined
	readonly task?: string | undefined
	readonly worker?: string | undefined
	readonly operator?: string | undefined
	readonly kinds?: readonly string[] | undefined
}

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
}

export function matches(event: Event, filter: EventFilter): boolean {
	return (
		(filter.run === undefined || event.run_id === filter.run) &&
		(filter.task === undefined || event.task_id === filter.task) &&
		(filter.worker === undefined || event.worker === filter.worker) &&
		(filter.operator === undefined || event.operator === filter.operator) &&
		(filter.kinds === undefined || filter.kinds.some((prefix) => event.kind.startsWith(prefix)))
	)
}
