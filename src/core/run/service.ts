import { MseError } from '../../kernel/error.ts'
import { Stop } from '../dispatch/stop.ts'
import { digestsOf } from './bindings.ts'
import { kick } from './launch/kick.ts'
import { type LaunchDeps, launch } from './launch/launch.ts'
import { rejoin } from './launch/rejoin.ts'
import type { RunService } from './launch/request.ts'
import type { Run } from './record.ts'
import { rerunFrom } from './steer/rerun.ts'

/** What every edge asks of runs, over one supervisor. */
export function runService(deps: LaunchDeps): RunService {
	return {
		launch: (request) => launch(deps, request),
		rejoin: (runId, request) => rejoin(deps, runId, request),
		kick: (taskId, request) => kick(deps, taskId, request),
		rerunFrom: (runId, request) => rerunFrom(deps, runId, request),
		cancel: (runId, reason) => cancelRun(deps, runId, reason),
		pause: (runId) => pause(deps, runId),
		cancelStep: (stepId, reason) => cancelStep(deps, stepId, reason),
		resume: (runId) => resume(deps, runId),
		wait: (runId, signal) => deps.supervisor.wait(runId, signal),
		forget: (runId) => deps.supervisor.forget(runId),
		phaseOf: (run) => deps.supervisor.phaseOf(run),
		digestsOf: (run) => digestsOf(deps, run),
	}
}

/** Every call is told in the log, also one that comes too late. */
export async function cancelRun(deps: Pick<LaunchDeps, 'runs' | 'supervisor'>, runId: Run['id'], reason: string): Promise<boolean> {
	const run = known(await deps.runs.listed(runId), runId)
	const result = { error: { message: reason, code: 'cancelled', failed_step: null, verdict_value: null }, partial_ctx: null }
	const [, ended] = await Promise.all([
		deps.runs.append([{ kind: 'run.cancel_requested', runId, taskId: run.taskId, data: { reason } }]),
		deps.supervisor.end(run, 'cancelled', new Stop('cancelled', reason), result),
	])
	return ended
}

async function pause(deps: LaunchDeps, runId: Run['id']): Promise<void> {
	const run = known(await deps.runs.listed(runId), runId)
	if (run.status === 'running' && run.phase === 'paused') return
	if (run.status === 'running' && (await deps.supervisor.pause(run))) return
	const { status } = known(await deps.runs.listed(runId), runId)
	throw new MseError('conflict', `Run ${runId} is ${status}; only a running run can be paused.`, { code: 'not_pausable' })
}

async function cancelStep(deps: LaunchDeps, stepId: Parameters<RunService['cancelStep']>[0], reason: string): Promise<void> {
	const step = await deps.runs.step(stepId)
	if (!step) throw new MseError('not_found', `Step ${stepId} does not exist.`, { code: 'unknown_step' })
	const stopped = step.status === 'running' && (await deps.supervisor.stopStep(step, new Stop('cancelled', reason)))
	const now = stopped ? await deps.runs.step(stepId) : step
	if (stopped && now?.status === 'cancelled') return
	const message = step.status === 'running' && !stopped ? 'has no attempt under way' : `is ${now?.status ?? step.status}`
	throw new MseError('conflict', `Step ${stepId} ${message}; only a step in flight can be cancelled.`, { code: 'step_not_in_flight' })
}

async function resume(deps: LaunchDeps, runId: Run['id']): Promise<{ run: Run; replayedSteps: number }> {
	const run = known(await deps.runs.run(runId), runId)
	if (run.status === 'running' && run.phase === 'paused' && (await deps.supervisor.proceed(run))) return proceeding(deps, run)
	const refused = new MseError('conflict', `Run ${runId} is ${run.status}; only interrupted and paused runs can be resumed.`, {
		code: 'not_resumable',
	})
	if (run.status !== 'interrupted') throw refused
	if (!(await deps.runs.changeStatus(runId, { from: ['interrupted'], to: 'running', events: [] }))) throw refused
	const driver = await deps.supervisor.takeUp({ ...run, status: 'running', phase: 'running' }, 'run.resumed')
	if (!driver) throw new MseError('invalid', `Run ${runId} cannot be taken up again; its result says why.`, { code: 'not_resumable' })
	return { run: driver.run, replayedSteps: driver.recordedSteps }
}

async function proceeding(deps: LaunchDeps, run: Run): Promise<{ run: Run; replayedSteps: number }> {
	const ended = (await deps.runs.steps(run.id)).filter(({ endedAt }) => endedAt !== null)
	return { run: { ...run, phase: 'running' }, replayedSteps: ended.length }
}

function known(run: Run | null, runId: Run['id']): Run {
	if (!run) throw new MseError('not_found', `Run ${runId} does not exist.`, { code: 'unknown_run' })
	return run
}
