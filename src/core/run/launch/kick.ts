import { MseError } from '../../../kernel/error.ts'
import { isJsonObject, type Json, type JsonObject, mergeShallow } from '../../../kernel/json.ts'
import type { BlueprintReference, VersionSelector } from '../../blueprint/resolve.ts'
import type { Task } from '../record.ts'
import { type LaunchDeps, launch } from './launch.ts'
import type { KickRequest, Launched, LaunchRequest } from './request.ts'

/** Runs a task once more: its context and what its launch asked for, as far as this kick does not say otherwise. The task stays as it is. */
export async function kick(deps: LaunchDeps, taskId: Task['id'], request: KickRequest): Promise<Launched> {
	const task = await deps.runs.task(taskId)
	if (!task) throw new MseError('not_found', `Task ${taskId} does not exist.`, { code: 'unknown_task' })
	return launch(deps, toLaunch(task, request), task)
}

function toLaunch(task: Task, request: KickRequest): LaunchRequest {
	const { initCtx, taskInput, operator, ...rest } = request
	const asked = { ...task.asked?.operator, ...operator }
	return {
		reference: toReference(task.blueprintRef),
		goal: task.goal,
		...(task.asked?.ttlSecs !== undefined && { ttlSecs: task.asked.ttlSecs }),
		...(task.asked?.runPolicy && { runPolicy: task.asked.runPolicy }),
		...(task.asked?.checkPolicy && { checkPolicy: task.asked.checkPolicy }),
		...rest,
		initCtx: mergeShallow(task.initCtx, initCtx) ?? null,
		taskInput: { ...task.taskInput, ...taskInput },
		...(Object.keys(asked).length > 0 && { operator: asked }),
	}
}

/** An inline document lies under its hash by now. */
function toReference(kept: JsonObject): BlueprintReference {
	if (kept.kind === 'id') return { kind: 'id', id: text(kept.id), version: toSelector(kept.version) }
	return { kind: 'hash', hash: text(kept.hash) }
}

function toSelector(kept: Json | undefined): VersionSelector {
	if (isJsonObject(kept) && kept.kind === 'fixed') return { kind: 'fixed', value: text(kept.value) }
	if (isJsonObject(kept) && kept.kind === 'semver_req') return { kind: 'semver_req', req: text(kept.req) }
	return { kind: 'latest' }
}

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
