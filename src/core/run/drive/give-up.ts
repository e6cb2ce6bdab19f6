import { MseError, messageOf } from '../../../kernel/error.ts'
import type { Logger } from '../../../kernel/log.ts'
import type { Stop } from '../../dispatch/stop.ts'
import type { Run } from '../record.ts'
import type { RunStore, StatusChange } from '../store.ts'

interface GiveUpDeps {
	readonly runs: RunStore
	readonly log: Logger
}

/** What can be said of a run even when the rest of it cannot be read. */
type Named = Pick<Run, 'id'> & Partial<Pick<Run, 'taskId'>>

/** Leaves a run interrupted for `error`. A disk that may come back is no reason to give a run up: then it throws that error. */
export async function giveUpFor(deps: GiveUpDeps, run: Named, error: unknown): Promise<null> {
	if (isCode(error, 'storage_unavailable')) throw error
	const code = isCode(error, 'storage_damaged') ? 'storage_damaged' : 'driver_fault'
	return giveUp(deps, run, code, `It could not be taken up again: ${messageOf(error)}`)
}

/** Leaves a run interrupted, where somebody may resume it. */
export async function giveUp({ runs, log }: GiveUpDeps, run: Named, code: string, message: string): Promise<null> {
	log.error('a run was left interrupted', { run_id: run.id, ...(run.taskId && { task_id: run.taskId }), code, reason: message })
	await runs.changeStatus(run.id, { from: ['pending', 'running'], to: 'interrupted', ...endOf(run, code, message) })
	return null
}

/** As `giveUp`, for a run whose driver cannot wait for that. */
export function interrupt(deps: GiveUpDeps, run: Pick<Run, 'id' | 'taskId'>, code: string, message: string, cause?: unknown): void {
	deps.log.error(message, { run_id: run.id, task_id: run.taskId, code, cause })
	const interrupted = deps.runs.changeStatus(run.id, { from: ['running'], to: 'interrupted', ...endOf(run, code, message) })
	interrupted.catch((error) => deps.log.error('a run could not be marked interrupted', { run_id: run.id, error }))
}

function endOf({ id: runId, taskId }: Named, code: string, message: string): Pick<StatusChange, 'result' | 'events'> {
	const result = { error: { message, code, failed_step: null, verdict_value: null }, partial_ctx: null }
	return { result, events: [{ kind: 'run.interrupted', runId, ...(taskId && { taskId }), data: { code, message } }] }
}

/** What is thrown for a run that this process stops driving, and that goes on by itself later. */
export function leftAlone({ id, taskId }: Pick<Run, 'id' | 'taskId'>, { code, message }: Stop): MseError {
	const hint = `The run goes on by itself; ask for it with GET /v1/runs/${id}.`
	return new MseError('unavailable', message, { code, hint, details: { task_id: taskId, run_id: id } })
}

export const isCode = (error: unknown, code: string): boolean => error instanceof MseError && error.code === code
