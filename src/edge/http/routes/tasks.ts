import { Type } from '@sinclair/typebox'
import { type IdempotencyStore, oncePerKey } from '../../../core/access/idempotency.ts'
import type { WorkerFace } from '../../../core/output/worker-face.ts'
import type { Launched, LaunchRequest, RunService } from '../../../core/run/launch/request.ts'
import type { Run } from '../../../core/run/record.ts'
import type { RunStore } from '../../../core/run/store.ts'
import { MseError } from '../../../kernel/error.ts'
import { asRunId, asStepId, asTaskId, type RunId } from '../../../kernel/id.ts'
import { isJsonObject, type Json } from '../../../kernel/json.ts'
import { refusals } from '../../../protocol/error.ts'
import {
	KickBodySchema,
	type KickReply,
	KickReplySchema,
	LaunchBodySchema,
	type LaunchReply,
	LaunchReplySchema,
	TaskDetailSchema,
	TaskListQuerySchema,
	TaskRecordSchema,
} from '../../../protocol/task.ts'
import { jsonBody, optionalJsonBody } from '../body.ts'
import { swarmRoutes } from '../failure.ts'
import { keyOf, takesKey } from '../idempotency.ts'
import { readRun } from '../read-run.ts'
import { toKickRequest, toLaunchRequest } from '../wire/launch.ts'
import { toKickReply, toLaunchReply, toRunFailure, toTaskRecord } from '../wire/task.ts'

export interface TaskDeps {
	readonly service: RunService
	readonly runs: RunStore
	readonly keys: IdempotencyStore
	/** The attempt whose worker launches, when a worker's credential came along. */
	spawner: WorkerFace['spawner']
}

const DEFAULT_LIMIT = 1000
const MAX_LIMIT = 10_000

/** A key, and the span of whoever launches. */
const launchHeaders = {
	headers: Type.Object(
		{
			...takesKey.headers.properties,
			traceparent: Type.Optional(Type.String({ description: 'the span that the run becomes a part of (W3C Trace Context)' })),
		},
		{ additionalProperties: true },
	),
}

/** Launching and reading tasks (mlua-swarm 0.1.0 and 0.26.0). */
export const taskRoutes = (deps: TaskDeps) => launchRoutes(deps).use(readingRoutes(deps))

function launchRoutes({ service, keys, spawner }: TaskDeps) {
	const launchOnce = oncePerKey<LaunchReply>(keys)
	const kickOnce = oncePerKey<KickReply>(keys)
	return swarmRoutes('launching')
		.post(
			'/v1/tasks',
			async ({ body, request, server, status }) => {
				const asked = { ...toLaunchRequest(body), ...(await cameFrom(spawner, request)) }
				if (!asked.detach) waitLong(server, request)
				const reply = await launchOnce(
					keyOf(request, body),
					() => answerTo(service.launch(asked), asked, toLaunchReply),
					(effect) => answerTo(service.rejoin(runIdOf(effect), asked), asked, toLaunchReply),
				)
				return status(asked.detach ? 202 : 200, reply)
			},
			{
				...launchHeaders,
				...jsonBody(LaunchBodySchema),
				detail: { summary: 'Launches a Blueprint, and waits for its end unless detached' },
				response: { 200: LaunchReplySchema, 202: LaunchReplySchema, ...refusals(400, 401, 403, 404, 409, 410, 422, 503, 504) },
			},
		)
		.post(
			'/v1/tasks/:id/runs',
			async ({ params, body, request, server, status }) => {
				const asked = { ...toKickRequest(body ?? undefined), ...(await cameFrom(spawner, request)) }
				if (!asked.detach) waitLong(server, request)
				const reply = await kickOnce(
					keyOf(request, body),
					() => answerTo(service.kick(asTaskId(params.id), asked), asked, toKickReply),
					(effect) => answerTo(service.rejoin(runIdOf(effect), asked), asked, toKickReply),
				)
				return status(asked.detach ? 202 : 201, reply)
			},
			{
				...launchHeaders,
				...optionalJsonBody(KickBodySchema),
				detail: { summary: 'Runs a task again' },
				response: { 201: KickReplySchema, 202: KickReplySchema, ...refusals(400, 401, 403, 404, 409, 410, 422, 503, 504) },
			},
		)
}

function readingRoutes(deps: TaskDeps) {
	return swarmRoutes('tasks')
		.get('/v1/tasks', async ({ query }) => listTasks(deps.runs, Math.min(query.limit ?? DEFAULT_LIMIT, MAX_LIMIT)), {
			query: TaskListQuerySchema,
			detail: { summary: 'Lists tasks, newest first' },
			response: { 200: Type.Array(TaskRecordSchema), ...refusals(400) },
		})
		.get('/v1/tasks/:id', ({ params }) => taskDetail(deps, params.id), {
			detail: { summary: 'Shows a task with its runs' },
			response: { 200: TaskDetailSchema, ...refusals(404) },
		})
}

/** Whose worker asks, and as a part of which trace. */
async function cameFrom(spawner: TaskDeps['spawner'], { headers }: Request): Promise<Pick<LaunchRequest, 'parent' | 'traceparent'>> {
	const parent = await spawner({ authorization: headers.get('authorization') ?? undefined, parent: headers.get('mse-parent') ?? undefined })
	const traceparent = headers.get('traceparent')
	return { ...(parent && { parent }), ...(traceparent !== null && { traceparent }) }
}

/** The answer may be an hour away, and Bun would cut a connection that is idle for so long. */
function waitLong(server: Bun.Server<unknown> | null, request: Request): void {
	server?.timeout(request, 0)
}

/** What a launch answers: at once when it is detached, else when its run has ended. */
async function answerTo<Reply>(
	launching: Promise<Launched>,
	{ detach }: { readonly detach: boolean },
	toReply: (launched: Launched, run: Run) => Reply,
): Promise<Reply> {
	const launched = await launching
	if (detach) return toReply(launched, launched.run)
	const run = await launched.ended
	if (run.status !== 'done') throw toRunFailure(run)
	return toReply(launched, run)
}

/** What the run store kept with the key. */
const runIdOf = (effect: Json): RunId => asRunId(isJsonObject(effect) ? String(effect.run_id) : '')

async function listTasks(runs: RunStore, limit: number) {
	const tasks = await runs.tasks(limit)
	return Promise.all(tasks.map(async (task) => toTaskRecord(task, await runs.taskStatus(task.id))))
}

/** Clients of mlua-swarm 0.1.0 know a step's id as a task's. */
async function owningTask(runs: RunStore, id: string) {
	const step = await runs.step(asStepId(id))
	const run = step && (await runs.listed(step.runId))
	return run && runs.task(run.taskId)
}

async function taskDetail({ runs, service }: TaskDeps, id: string) {
	const task = (await runs.task(asTaskId(id))) ?? (await owningTask(runs, id))
	if (!task) throw new MseError('not_found', `Task ${id} does not exist.`, { code: 'unknown_task' })
	const records = await Promise.all((await runs.runsOfTask(task.id)).map((run) => readRun({ runs, service }, run)))
	return { task: toTaskRecord(task, await runs.taskStatus(task.id)), runs: records }
}
