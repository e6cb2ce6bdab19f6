import type { Event } from '../../protocol/event.ts'

/** What a reader wants to see. Absent keys match everything; `kinds` are prefixes such as `run.` or `step.completed`. */
export interface EventFilter {
	readonly run?: string | undefined
	readonly task?: string | undefined
	readonly worker?: string | undefined
	readonly operator?: string | undefined
	readonly kinds?: readonly string[] | undefined
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
