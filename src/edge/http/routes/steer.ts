import { Type } from '@sinclair/typebox'
import type { RunService } from '../../../core/run/launch/request.ts'
import { type RunFilter, type SteerVerb, steerMany } from '../../../core/run/steer/steer-many.ts'
import type { RunStore } from '../../../core/run/store.ts'
import { MseError } from '../../../kernel/error.ts'
import { asRunId, asStepId, asTaskId } from '../../../kernel/id.ts'
import type { Json } from '../../../kernel/json.ts'
import { refusals } from '../../../protocol/error.ts'
import { RerunBodySchema, RerunningSchema, SteeredSchema, type SteerManyBody, SteerManyBodySchema } from '../../../protocol/steer.ts'
import { jsonBody } from '../body.ts'
import { swarmRoutes } from '../failure.ts'

export interface SteerRouteDeps {
	readonly service: RunService
	readonly runs: RunStore
}

const Nothing = Type.Undefined()
const manyHooks = (summary: string) => ({
	detail: { summary },
	...jsonBody(SteerManyBodySchema),
	response: { 200: SteeredSchema, ...refusals(400, 422, 503) },
})

/** Pausing, running again from a step, cancelling one step, and steering many runs at once. */
export const steerRoutes = (deps: SteerRouteDeps) =>
	swarmRoutes('steer')
		.post(
			'/v1/runs/:id/pause',
			async ({ params, status }) => {
				await deps.service.pause(asRunId(params.id))
				return status(204, undefined)
			},
			{ detail: { summary: 'Pauses a run' }, response: { 204: Nothing, ...refusals(404, 409, 503) } },
		)
		.post(
			'/v1/runs/:id/rerun-from',
			async ({ params, body, status }) => {
				const input = body.input as Json | undefined
				const request = { fromStep: body.from_step, as: body.as ?? 'in_place', ...(input !== undefined && { input }) } as const
				const { run, replayedSteps, droppedSteps } = await deps.service.rerunFrom(asRunId(params.id), request)
				const { id: run_id, taskId: task_id, generation } = run
				return status(202, { run_id, task_id, generation, replayed_steps: replayedSteps, dropped_steps: droppedSteps })
			},
			{
				...jsonBody(RerunBodySchema),
				detail: { summary: 'Runs again from a step on' },
				response: { 202: RerunningSchema, ...refusals(400, 404, 409, 422, 503) },
			},
		)
		.post(
			'/v1/steps/:id/cancel',
			async ({ params, status }) => {
				await deps.service.cancelStep(asStepId(params.id), 'The step was cancelled over the API.')
				return status(204, undefined)
			},
			{ detail: { summary: 'Cancels one step; its run goes on' }, response: { 204: Nothing, ...refusals(404, 409, 503) } },
		)
		.post(
			'/v1/tasks/:id/cancel',
			async ({ params }) => {
				const task = await deps.runs.task(asTaskId(params.id))
				if (!task) throw new MseError('not_found', `Task ${params.id} does not exist.`, { code: 'unknown_task' })
				return many(deps, 'cancel', { task_id: task.id, reason: 'The task was cancelled over the API.' })
			},
			{ detail: { summary: 'Cancels every run of a task that has not ended' }, response: { 200: SteeredSchema, ...refusals(404, 503) } },
		)
		.post('/v1/runs/pause', ({ body }) => many(deps, 'pause', body), manyHooks('Pauses the runs that fit a filter'))
		.post(
			'/v1/runs/resume',
			({ body }) => many(deps, 'resume', body),
			manyHooks('Takes up the interrupted and paused runs that fit a filter'),
		)
		.post('/v1/runs/cancel', ({ body }) => many(deps, 'cancel', body), manyHooks('Cancels the runs that fit a filter'))

async function many(deps: SteerRouteDeps, verb: SteerVerb, body: SteerManyBody) {
	const { changed, refused } = await steerMany(deps, verb, toFilter(body), body.reason ?? 'The run was cancelled over the API.')
	return { changed: [...changed], refused: refused.map(({ runId, error }) => ({ run_id: runId, error: error.message, code: error.code })) }
}

function toFilter({ run_ids, task_id, blueprint, status, all }: SteerManyBody): RunFilter {
	const filter: RunFilter = {
		...(run_ids && { runIds: run_ids.map(asRunId) }),
		...(task_id !== undefined && { taskId: asTaskId(task_id) }),
		...(blueprint !== undefined && { blueprintId: blueprint }),
		...(status && { status }),
	}
	if (all || Object.keys(filter).length > 0) return filter
	throw new MseError('malformed', 'The filter is empty.', {
		code: 'empty_filter',
		hint: 'Send run_ids, task_id, blueprint or status, or "all": true for every run.',
	})
}
