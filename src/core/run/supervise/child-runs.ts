import { asRunId, type RunId } from '../../../kernel/id.ts'
import type { Logger } from '../../../kernel/log.ts'
import type { Event } from '../../../protocol/event.ts'
import type { EventLog } from '../../event/log.ts'
import type { RunStore } from '../store.ts'

export interface ChildRunDeps {
	readonly events: Pick<EventLog, 'subscribe'>
	readonly runs: Pick<RunStore, 'unfinishedChildren' | 'orphans' | 'listed'>
	readonly log: Logger
	/** Cancels a run; false when it had ended by itself. */
	cancel(id: RunId, reason: string): Promise<boolean>
}

export interface ChildRuns {
	/** Cancels those whose parent was cancelled by an earlier life of the server. Before unfinished runs go on. */
	recover(): Promise<void>
	stop(): void
}

/**
 * A run that a worker started is cancelled with the run of that worker; one that ended otherwise leaves it be, and so does any once
 * somebody has run the child again.
 */
export function cancelWithParents({ events, runs, log, cancel }: ChildRunDeps): ChildRuns {
	const end = (id: RunId, parent: RunId): Promise<boolean> => cancel(id, `Run ${parent}, whose worker started it, was cancelled.`)
	const follow = async ({ kind, run_id, data: { parent_run: above } }: Event): Promise<void> => {
		if (run_id === undefined) return
		const id = asRunId(run_id)
		if (kind === 'run.cancelled') for (const child of await runs.unfinishedChildren(id)) await end(child, id)
		if (kind !== 'run.started' || typeof above !== 'string') return
		// It was launched while its parent was being cancelled, and was not there to be found.
		const parent = asRunId(above)
		if ((await runs.listed(parent))?.status === 'cancelled') await end(id, parent)
	}
	const stop = events.subscribe((facts) => {
		for (const fact of facts) {
			if (fact.kind !== 'run.cancelled' && fact.kind !== 'run.started') continue
			follow(fact).catch((error: unknown) => log.error('a run could not be cancelled with its parent', { run_id: fact.run_id, error }))
		}
	})
	return {
		async recover() {
			for (const { id, parent } of await runs.orphans()) await end(id, parent)
		},
		stop,
	}
}
