import type { RunId } from '../../kernel/id.ts'
import { asRunId } from '../../kernel/id.ts'
import type { Logger } from '../../kernel/log.ts'
import type { EventLog } from '../event/log.ts'
import type { RunStore } from './store.ts'

export interface ChildRunDeps {
	readonly events: Pick<EventLog, 'subscribe'>
	readonly runs: Pick<RunStore, 'unfinishedChildren' | 'orphans'>
	readonly log: Logger
	/** Cancels a run; false when it had ended by itself. */
	cancel(id: RunId, reason: string): Promise<boolean>
}

export interface ChildRuns {
	/** Cancels those whose parent was cancelled by an earlier life of the server. Before unfinished runs go on. */
	recover(): Promise<void>
	stop(): void
}

/** A run that a worker started is cancelled with the run of that worker; one that ended otherwise leaves it be. */
export function cancelWithParents({ events, runs, log, cancel }: ChildRunDeps): ChildRuns {
	const end = (id: RunId, parent: RunId): Promise<boolean> => cancel(id, `Run ${parent}, whose worker started it, was cancelled.`)
	const endChildren = async (parent: RunId): Promise<void> => {
		for (const id of await runs.unfinishedChildren(parent)) await end(id, parent)
	}
	const stop = events.subscribe((facts) => {
		for (const { kind, run_id } of facts) {
			if (kind !== 'run.cancelled' || run_id === undefined) continue
			endChildren(asRunId(run_id)).catch((error: unknown) => log.error('a run could not be cancelled with its parent', { run_id, error }))
		}
	})
	return {
		async recover() {
			for (const { id, parent } of await runs.orphans()) await end(id, parent)
		},
		stop,
	}
}
