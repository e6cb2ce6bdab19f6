import { MseError } from '../../kernel/error.ts'
import { Stop } from '../dispatch/stop.ts'
import { type LaunchDeps, launch } from './launch.ts'
import type { Run } from './record.ts'
import type { RunService } from './request.ts'

/** What every edge asks of runs, over one supervisor. */
export function runService(deps: LaunchDeps): RunService {
	return {
		launch: (request) => launch(deps, request),
		cancel(runId, reason) {
			const result = { error: { message: reason, code: 'cancelled', failed_step: null, verdict_value: null }, partial_ctx: null }
			return deps.supervisor.end(runId, 'cancelled', new Stop('cancelled', reason), result)
		},
		resume: (runId) => resume(deps, runId),
		wait: (runId, signal) => deps.supervisor.wait(runId, signal),
		forget: (runId) => deps.supervisor.forget(runId),
		phaseOf: (run) => deps.supervisor.phaseOf(run),
	}
}

async function resume(deps: LaunchDeps, runId: Run['id']): Promise<{ run: Run; replayedSteps: number }> {
	const run = await deps.runs.run(runId)
	if (!run) throw new MseError('not_found', `Run ${runId} does not exist.`)
	const refused = new MseError('conflict', `Run ${runId} is ${run.status}; only interrupted and paused runs can be resumed.`, {
		code: 'not_resumable',
	})
	if (run.status !== 'interrupted') throw refused
	if (!(await deps.runs.changeStatus(runId, { from: ['interrupted'], to: 'running', events: [] }))) throw refused
	const driver = await deps.supervisor.takeUp({ ...run, status: 'running' }, 'run.resumed')
	if (!driver) throw new MseError('invalid', `Run ${runId} cannot be taken up again; its result says why.`, { code: 'not_resumable' })
	return { run: driver.run, replayedSteps: driver.recordedSteps }
}
