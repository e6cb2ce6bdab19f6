import type { Logger } from '../../kernel/log.ts'
import type { EventLog } from '../event/log.ts'
import type { WorkerRuntime } from './runtime.ts'
import type { WorkerStore } from './store.ts'

const ENDS = ['run.done', 'run.failed', 'run.cancelled']

/** Ends the workers that a run has for itself when it ends; the returned function stops that. */
export function endWithRuns(deps: {
	readonly events: Pick<EventLog, 'subscribe'>
	readonly store: Pick<WorkerStore, 'runningWithKey'>
	readonly runtime: WorkerRuntime
	readonly log: Logger
}): () => void {
	const end = async (runId: string): Promise<void> => {
		for (const id of await deps.store.runningWithKey(`run:${runId}:`)) await deps.runtime.end(id, 'stopped', 'its run ended')
	}
	return deps.events.subscribe((facts) => {
		for (const { kind, run_id } of facts) {
			if (run_id === undefined || !ENDS.includes(kind)) continue
			end(run_id).catch((cause: unknown) => deps.log.error('a worker of an ended run could not be ended', { run_id, cause }))
		}
	})
}
