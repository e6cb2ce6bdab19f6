import { MseError } from '../../../kernel/error.ts'
import type { Run } from '../record.ts'
import { type LaunchDeps, timeToLive, withEnd } from './launch.ts'
import type { Launched, WaitingRequest } from './request.ts'

/**
 * The launch that made a run, asked for once more: nothing new is started. A synchronous one waits for the same end; when the
 * server died meanwhile its ceiling counts anew.
 */
export async function rejoin(deps: LaunchDeps, runId: Run['id'], request: WaitingRequest): Promise<Launched> {
	const run = await deps.runs.run(runId)
	const [task, plan] = [run && (await deps.runs.task(run.taskId)), run && (await deps.planOf(run.blueprintHash))]
	if (!run || !task || !plan)
		throw new MseError('not_found', `Run ${runId}, which this key launched, does not exist any more.`, { code: 'unknown_run' })
	const asked = { ...(task.asked?.ttlSecs !== undefined && { ttlSecs: task.asked.ttlSecs }), ...request }
	const wait = async (): Promise<Run> => (run.status === 'interrupted' ? run : deps.supervisor.wait(runId))
	const launched = {
		task,
		run: { ...run, status: 'running', phase: 'running', result: null } as const,
		boundVersion: run.boundVersion,
		ttl: timeToLive(asked, plan),
		declaredSlots: plan.blueprint.operators.map(({ name }) => name),
	} satisfies Omit<Launched, 'ended'>
	return withEnd(launched, deps, request, wait)
}
