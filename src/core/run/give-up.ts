import { MseError, messageOf } from '../../kernel/error.ts'
import type { Logger } from '../../kernel/log.ts'
import type { Run } from './record.ts'
import type { RunStore } from './store.ts'

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
export async function giveUp({ runs, log }: GiveUpDeps, { id: runId, taskId }: Named, code: string, message: string): Promise<null> {
	log.error('a run was left interrupted', { run_id: runId, ...(taskId && { task_id: taskId }), code, reason: message })
	const result = { error: { message, code, failed_step: null, verdict_value: null }, partial_ctx: null }
	const event = { kind: 'run.interrupted', runId, ...(taskId && { taskId }), data: { code, message } } as const
	await runs.changeStatus(runId, { from: ['pending', 'running'], to: 'interrupted', result, events: [event] })
	return null
}

export const isCode = (error: unknown, code: string): boolean => error instanceof MseError && error.code === code
