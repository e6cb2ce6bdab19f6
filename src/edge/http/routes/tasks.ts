import { Type } from '@sinclair/typebox'
import type { RunService } from '../../../core/run/request.ts'
import type { RunStore } from '../../../core/run/store.ts'
import { MseError } from '../../../kernel/error.ts'
import { asStepId, asTaskId } from '../../../kernel/id.ts'
import { refusals } from '../../../protocol/error.ts'
import {
	KickBodySchema,
	KickReplySchema,
	LaunchBodySchema,
	LaunchReplySchema,
	TaskDetailSchema,
	TaskListQuerySchema,
	TaskRecordSchema,
} from '../../../protocol/task.ts'
import { jsonBody, optionalJsonBody } from '../body.ts'
import { swarmRoutes } from '../failure.ts'
import { toKickRequest, toLaunchRequest } from '../wire/launch.ts'
import { toRunRecord } from '../wire/run.ts'
import { toKickReply, toLaunchReply, toRunFailure, toTaskRecord } from '../wire/task.ts'

export interface TaskDeps {
	readonly service: RunService
	readonly runs: RunStore
}

const DEFAULT_LIMIT = 1000
const MAX_LIMIT = 10_000

/** Launching and reading tasks (mlua-swarm 0.1.0 and 0.26.0). */
export const taskRoutes = (deps: TaskDeps) =>
	swarmRoutes('tasks')
		.post(
			'/v1/tasks',
			async ({ body, request, server, status }) => {
				const launched = await deps.service.launch(toLaunchRequest(body))
				if (body.detach) return status(202, toLaunchReply(launched, launched.run))
				// The answer may be an hour away, and Bun would cut a connection that is idle for so long.
				server?.timeout(request, 0)
				const run = await launched.ended
				if (run.status !== 'done') throw toRunFailure(run)
				return status(200, toLaunchReply(launched, run))
			},
			{
				...jsonBody(LaunchBodySchema),
				detail: { summary: 'Launches a Blueprint, and waits for its end unless detached' },
				response: { 200: LaunchReplySchema, 202: LaunchReplySchema, ...refusals(400, 409, 410, 422, 503, 504) },
			},
		)
		.post(
			'/v1/tasks/:id/runs',
			async ({ params, body, request, server, status }) => {
				const launched = await deps.service.kick(asTaskId(params.id), toKickRequest(body ?? undefined))
				if (body?.detach) return status(202, toKickReply(launched, launched.run))
				server?.timeout(request, 0)
				const run = await launched.ended
				if (run.status !== 'done') throw toRunFailure(run)
				return status(201, toKickReply(launched, run))
			},
			{
				...optionalJsonBody(KickBodySchema),
				detail: { summary: 'Runs a task again' },
				response: { 201: KickReplySchema, 202: KickReplySchema, ...refusals(400, 404, 409, 410, 422, 503, 504) },
			},
		)
		.get('/v1/tasks', async ({ query }) => listTasks(deps.runs, Math.min(query.limit ?? DEFAULT_LIMIT, MAX_LIMIT)), {
			query: TaskListQuerySchema,
			detail: { summary: 'Lists tasks, newest first' },
			response: { 200: Type.Array(TaskRecordSchema), ...refusals(400) },
		})
		.get('/v1/tasks/:id', ({ params }) => taskDetail(deps, params.id), {
			detail: { summary: 'Shows a task with its runs' },
			response: { 200: TaskDetailSchema, ...refusals(404) },
		})

async function listTasks(runs: RunStore, limit: number) {
	const tasks = await runs.tasks(limit)
	return Promise.all(tasks.map(async (task) => toTaskRecord(task, await runs.taskStatus(task.id))))
}

/** Clients of mlua-swarm 0.1.0 know a step's id as a task's. */
async function owningTask(runs: RunStore, id: string) {
	const step = await runs.step(asStepId(id))
	const run = step && (await runs.run(step.runId))
	return run && runs.task(run.taskId)
}

async function taskDetail({ runs, service }: TaskDeps, id: string) {
	const task = (await runs.task(asTaskId(id))) ?? (await owningTask(runs, id))
	if (!task) throw new MseError('not_found', `Task ${id} does not exist.`, { code: 'unknown_task' })
	const records = await Promise.all(
		(await runs.runsOfTask(task.id)).map(async (run) =>
			toRunRecord(run, service.phaseOf(run), await runs.steps(run.id), await runs.degradations(run.id)),
		),
	)
	return { task: toTaskRecord(task, await runs.taskStatus(task.id)), runs: records }
}
