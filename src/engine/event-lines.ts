import type { EventLog } from '../core/event/log.ts'
import type { Logger } from '../kernel/log.ts'

/** At the level `debug` each event is a line as well. The returned function ends it. */
export function logEvents(events: EventLog, log: Logger): () => void {
	return events.subscribe((facts) => {
		for (const { kind, seq, run_id, task_id, step_id, data } of facts) log.debug(kind, { seq, run_id, task_id, step_id, data })
	})
}
