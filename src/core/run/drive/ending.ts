import type { Clock } from '../../../kernel/clock.ts'
import { MseError } from '../../../kernel/error.ts'
import type { Json } from '../../../kernel/json.ts'
import type { Plan } from '../../dispatch/plan.ts'
import type { Stop } from '../../dispatch/stop.ts'
import type { EventDraft } from '../../event/event.ts'
import type { FlowError } from '../../flow/flow-error.ts'
import { digestsIn } from '../bindings.ts'
import type { Journal } from '../journal.ts'
import type { Run, RunStatus } from '../record.ts'
import type { RunStore } from '../store.ts'
import { failureResult } from './failure-result.ts'
import { leftAlone } from './give-up.ts'

interface EndingDeps {
	readonly runs: RunStore
	readonly clock: Clock
	readonly journal: Journal
	readonly run: Run
	readonly plan: Plan
}

/** How a run that is driven here ends. Each resolves with the run as it is on disk then, whoever ended it. */
export interface RunEnding {
	done(ctx: Json): Promise<Run>
	failed(error: FlowError): Promise<Run>
	/** Somebody else ended the run; rejects with `unavailable` when this process only lets go of it. */
	stopped(stop: Stop): Promise<Run>
}

export function newRunEnding({ runs, clock, journal, run, plan }: EndingDeps): RunEnding {
	const current = async (): Promise<Run> => {
		const found = await runs.run(run.id)
		if (!found) throw new MseError('gone', `Run ${run.id} was deleted.`)
		return found
	}
	const finish = async (to: RunStatus, result: Json, event: Pick<EventDraft, 'kind' | 'data'>): Promise<Run> => {
		const flushed = journal.flush()
		const about = { runId: run.id, taskId: run.taskId }
		const changing = runs.changeStatus(run.id, { from: ['running'], to, result, events: [{ ...event, ...about }] })
		// Together, for both fail with the transaction they share.
		const [changed] = await Promise.all([changing, flushed])
		return changed ? { ...run, status: to, result, updatedAt: clock.now() } : current()
	}
	return {
		done: (ctx) => finish('done', ctx, { kind: 'run.done' }),
		async failed(error) {
			await journal.flush()
			const result = await failureResult({ runs, digestOf: digestsIn(plan, run) }, run, error)
			return finish('failed', result, { kind: 'run.failed', data: { error: result.error ?? null } })
		},
		async stopped(stop) {
			await journal.flush().catch(() => {})
			if (stop.kind === 'detached' && stop.code !== 'interrupted') throw leftAlone(run, stop)
			return current()
		},
	}
}
