import type { RunId } from '../../../kernel/id.ts'
import type { Plan } from '../../dispatch/plan.ts'
import { POSITION_SCHEME } from '../../flow/evaluate-flow.ts'
import type { Driver } from '../drive/driver.ts'
import type { DriverDeps } from '../drive/driver-deps.ts'
import { giveUp, giveUpFor } from '../drive/give-up.ts'
import type { Run } from '../record.ts'
import type { RecordedJournal } from '../store.ts'

type TakeUpDeps = Pick<DriverDeps, 'runs' | 'log'> & { planOf(hash: string): Promise<Plan> }
type Start = (run: Run, plan: Plan, recorded: RecordedJournal) => Driver

/** Drives a run from its journal; null, and the run is interrupted, when that cannot be. It must be `running` on disk and have no driver. */
export async function takeUp(
	deps: TakeUpDeps,
	run: Run,
	event: 'run.recovered' | 'run.resumed' | null,
	start: Start,
): Promise<Driver | null> {
	if (run.positionScheme !== POSITION_SCHEME)
		return giveUp(deps, run, 'unknown_position_scheme', `Its journal uses position scheme ${run.positionScheme}.`)
	try {
		const plan = await deps.planOf(run.blueprintHash)
		const recorded = await deps.runs.journal(run.id, run.generation)
		const about = { runId: run.id, taskId: run.taskId, data: { recorded_steps: recorded.steps.length } }
		const phase = run.phase === 'paused' ? 'paused' : 'running'
		const events = event === null ? [] : [{ kind: event, ...about }]
		await deps.runs.changeStatus(run.id, { from: ['pending', 'running'], to: 'running', phase, events })
		return start({ ...run, status: 'running', phase }, plan, recorded)
	} catch (error) {
		return giveUpFor(deps, run, error)
	}
}

/** As `takeUp`, for a run that slept in this process: nothing is told of it. Null also for one that does not run any more. */
export async function takeUpAgain(deps: TakeUpDeps, runId: RunId, start: Start): Promise<Driver | null> {
	try {
		const before = await deps.runs.run(runId)
		if (before?.status !== 'running') return null
		const plan = await deps.planOf(before.blueprintHash)
		const recorded = await deps.runs.journal(runId, before.generation)
		// Read last, and in one turn with the start: whoever ends the run after this finds its driver.
		const run = await deps.runs.run(runId)
		return run?.status === 'running' && run.generation === before.generation ? start(run, plan, recorded) : null
	} catch (error) {
		return giveUpFor(deps, { id: runId }, error)
	}
}
