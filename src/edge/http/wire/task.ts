import type { Launched } from '../../../core/run/launch/request.ts'
import type { Run, RunStatus, Task } from '../../../core/run/record.ts'
import { MseError } from '../../../kernel/error.ts'
import { isJsonObject, type Json } from '../../../kernel/json.ts'
import type { KickReply, LaunchInfo, LaunchReply, TaskRecord } from '../../../protocol/task.ts'
import { toDamage } from './run.ts'
import { toSeats } from './seat.ts'
import { toSeconds } from './seconds.ts'

export function toTaskRecord(task: Task, status: RunStatus): TaskRecord {
	return {
		id: task.id,
		goal: task.goal,
		blueprint_ref: task.blueprintRef,
		input_ctx: task.initCtx,
		...(task.taskInput && { task_input_spec: task.taskInput }),
		status: status === 'cancelled' ? 'failed' : status,
		created_at: toSeconds(task.createdAt),
		updated_at: toSeconds(task.updatedAt),
		...(task.damage !== undefined && { error: toDamage(task.damage) }),
	}
}

/** The answer of a launch; `run` as it stands now. */
export function toLaunchReply(launched: Launched, run: Run): LaunchReply {
	return {
		final_ctx: run.status === 'done' ? run.result : null,
		bound_version: launched.boundVersion,
		effective_ttl_secs: launched.ttl.secs,
		ttl_source: launched.ttl.source,
		task_id: launched.task.id,
		run_id: run.id,
		status: run.status === 'done' ? 'done' : 'running',
		info: toLaunchInfo(launched.task, run, launched.declaredSlots),
	}
}

export function toKickReply(launched: Launched, run: Run): KickReply {
	return {
		task_id: launched.task.id,
		run_id: run.id,
		status: run.status === 'done' ? 'done' : 'running',
		info: toLaunchInfo(launched.task, run, launched.declaredSlots),
	}
}

export function toLaunchInfo(task: Task, run: Run, declaredSlots: readonly string[]): LaunchInfo {
	return {
		run_id: run.id,
		goal: task.goal,
		project_root: run.options.taskInput?.project_root ?? null,
		work_dir: run.options.taskInput?.work_dir ?? null,
		...toSeats(run, declaredSlots),
	}
}

/** What a synchronous launch is told when its run did not end well: upstream's 400 with `details`, unless it was stopped. */
export function toRunFailure(run: Run): MseError {
	const ids = { task_id: run.taskId, run_id: run.id }
	if (run.status === 'cancelled') return new MseError('cancelled', `Run ${run.id} was cancelled.`, { code: 'run_cancelled', details: ids })
	const result = isJsonObject(run.result) ? run.result : {}
	const error = isJsonObject(result.error) ? result.error : { message: result.error ?? null }
	const message = typeof error.message === 'string' ? error.message : `it ended as ${run.status}`
	const code = typeof error.code === 'string' ? error.code : 'run_failed'
	if (run.status === 'interrupted') {
		const hint = `POST /v1/runs/${run.id}/resume takes it up again.`
		return new MseError('internal', `run: ${message}`, { code: 'run_interrupted', hint, details: ids })
	}
	return new MseError('malformed', `run: ${message}`, { code, details: { ...failureDetails(error, result), ...ids } })
}

function failureDetails(error: { readonly [key: string]: Json | undefined }, result: { readonly [key: string]: Json }) {
	return {
		failed_step: error.failed_step ?? null,
		verdict_value: error.verdict_value ?? null,
		partial_ctx: result.partial_ctx ?? null,
	}
}
