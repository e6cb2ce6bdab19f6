import type { Logger } from '../../kernel/log.ts'
import type { EventLog } from '../event/log.ts'
import type { WorkerRuntime } from './runtime.ts'
import type { WorkerStore } from './store.ts'

const ENDS = ['run.done', 'run.failed', 'run.cancelled']
const REASON = 'its run ended'

export interface RunWorkerDeps {
	readonly events: Pick<EventLog, 'subscribe'>
	readonly store: Pick<WorkerStore, 'runningWithKey'>
	readonly runtime: WorkerRuntime
	readonly log: Logger
	/** Whether the run has ended, or is not there any more. */
	hasEnded(runId: string): Promise<boolean>
}

/** The key under which a run has a worker for one of its agents. */
export const runWorkerKey = (runId: string, agent = ''): string => `run:${runId}:${agent}`

/** Ends the workers that a run has for itself when it ends; the returned function stops that, and resolves once none is being ended. */
export function endWithRuns({ events, store, runtime, log }: Omit<RunWorkerDeps, 'hasEnded'>): () => Promise<void> {
	const ending = new Set<Promise<void>>()
	const end = async (runId: string): Promise<void> => {
		for (const { id } of await store.runningWithKey(runWorkerKey(runId))) await runtime.end(id, 'stopped', REASON)
	}
	const unsubscribe = events.subscribe((facts) => {
		for (const { kind, run_id } of facts) {
			if (run_id === undefined || !ENDS.includes(kind)) continue
			const ended = end(run_id)
				.catch((cause: unknown) => log.error('a worker of an ended run could not be ended', { run_id, cause }))
				.finally(() => ending.delete(ended))
			ending.add(ended)
		}
	})
	return async () => {
		unsubscribe()
		await Promise.all(ending)
	}
}

/** Ends the workers of runs that ended while nobody looked: the server died in between. To be called before they are started again. */
export async function endLeftBehind({ store, runtime, hasEnded }: Omit<RunWorkerDeps, 'events' | 'log'>): Promise<void> {
	for (const { id, key } of await store.runningWithKey('run:')) {
		const [, runId = ''] = key.split(':')
		if (await hasEnded(runId)) await runtime.end(id, 'stopped', REASON)
	}
}
