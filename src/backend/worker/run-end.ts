import type { EventLog } from '../../core/event/log.ts'
import { isTerminal, type Run } from '../../core/run/record.ts'
import { raceAbort } from '../../kernel/abort.ts'
import { asRunId, type RunId } from '../../kernel/id.ts'

export interface RunEnds {
	/** Resolves to the run once it has ended, whoever drives it; null for one that is not there. Rejects when the signal fires. */
	wait(runId: RunId, signal: AbortSignal): Promise<Run | null>
	stop(): void
}

const ENDS = ['run.done', 'run.failed', 'run.cancelled']

/** Tells of runs that end, to any number of those who wait, with one subscription. */
export function newRunEnds(events: Pick<EventLog, 'subscribe'>, find: (runId: RunId) => Promise<Run | null>): RunEnds {
	const waiting = new Map<RunId, () => void>()
	const stop = events.subscribe((facts) => {
		for (const { kind, run_id } of facts) if (run_id !== undefined && ENDS.includes(kind)) waiting.get(asRunId(run_id))?.()
	})
	return {
		stop,
		async wait(runId, signal) {
			const { promise, resolve } = Promise.withResolvers<void>()
			waiting.set(runId, resolve)
			try {
				const run = await find(runId)
				if (run === null || isTerminal(run.status)) return run
				await raceAbort(promise, signal)
				return await find(runId)
			} finally {
				waiting.delete(runId)
			}
		},
	}
}
