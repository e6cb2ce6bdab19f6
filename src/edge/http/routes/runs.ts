import { Type } from '@sinclair/typebox'
import type { EventLog } from '../../../core/event/log.ts'
import type { RunService } from '../../../core/run/launch/request.ts'
import { isTerminal, type Run } from '../../../core/run/record.ts'
import type { RunStore } from '../../../core/run/store.ts'
import { MseError } from '../../../kernel/error.ts'
import { asRunId, asTaskId, type RunId } from '../../../kernel/id.ts'
import { refusals } from '../../../protocol/error.ts'
import {
	type OpenApproval,
	ResumedSchema,
	type RunListQuery,
	RunListQuerySchema,
	RunListSchema,
	RunRecordSchema,
	RunStepsSchema,
	TraceQuerySchema,
	TraceSchema,
} from '../../../protocol/run.ts'
import { swarmRoutes } from '../failure.ts'
import { readRun } from '../read-run.ts'
import { readTrace } from '../read-trace.ts'
import { toRunRecord, toStepEntry } from '../wire/run.ts'

export interface RunDeps {
	readonly service: RunService
	readonly runs: RunStore
	readonly events: EventLog
	/** The approvals that a run waits for. */
	approvalsOf(runId: RunId): Promise<readonly OpenApproval[]>
}

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1000
const Nothing = Type.Undefined()

/** Reading and steering runs (mlua-swarm 0.26.0). */
export const runRoutes = (deps: RunDeps) => recordRoutes(deps).use(endingRoutes(deps)).use(progressRoutes(deps))

const recordRoutes = (deps: RunDeps) =>
	swarmRoutes('runs')
		.get('/v1/runs', async ({ query }) => ({ runs: await listRuns(deps, query) }), {
			query: RunListQuerySchema,
			detail: { summary: 'Lists runs, newest first' },
			response: { 200: RunListSchema, ...refusals(400) },
		})
		.get('/v1/runs/:id', async ({ params }) => listed(deps, await runOf(deps, params.id)), {
			detail: { summary: 'Shows a run with its steps' },
			response: { 200: RunRecordSchema, ...refusals(404) },
		})

const endingRoutes = (deps: RunDeps) =>
	swarmRoutes('run-endings')
		.delete(
			'/v1/runs/:id',
			async ({ params, status }) => {
				await deleteRun(deps, params.id)
				return status(204, undefined)
			},
			{ detail: { summary: 'Deletes a run that has ended' }, response: { 204: Nothing, ...refusals(404, 409) } },
		)
		.post(
			'/v1/runs/:id/cancel',
			async ({ params, status }) => {
				const run = await runOf(deps, params.id)
				await deps.service.cancel(run.id, 'The run was cancelled over the API.')
				return status(204, undefined)
			},
			{ detail: { summary: 'Cancels a run' }, response: { 204: Nothing, ...refusals(404, 503) } },
		)
		.post(
			'/v1/runs/:id/resume',
			async ({ params, status }) => {
				const { run, replayedSteps } = await deps.service.resume(asRunId(params.id))
				return status(202, { run_id: run.id, task_id: run.taskId, replayed_steps: replayedSteps })
			},
			{
				detail: { summary: 'Takes up an interrupted or paused run again' },
				response: { 202: ResumedSchema, ...refusals(404, 409, 422, 503) },
			},
		)

const progressRoutes = (deps: RunDeps) =>
	swarmRoutes('run-progress')
		.get(
			'/v1/runs/:id/steps',
			async ({ params }) => {
				const run = await runOf(deps, params.id)
				return { run_id: run.id, steps: await stepsOf(deps, run) }
			},
			{ detail: { summary: 'Lists the steps of a run' }, response: { 200: RunStepsSchema, ...refusals(404) } },
		)
		.get(
			'/v1/runs/:id/trace',
			async ({ params, query }) => ({ run_id: params.id, events: await readTrace(deps.events, params.id, query) }),
			{
				query: TraceQuerySchema,
				detail: { summary: 'Shows the events of a run by their upstream names' },
				response: { 200: TraceSchema, ...refusals(400) },
			},
		)

async function runOf({ runs }: RunDeps, id: string): Promise<Run> {
	const run = await runs.listed(asRunId(id))
	if (!run) throw new MseError('not_found', `Run ${id} does not exist.`, { code: 'unknown_run' })
	return run
}

async function stepsOf({ runs, service }: RunDeps, run: Run) {
	const digestOf = await service.digestsOf(run)
	return (await runs.steps(run.id)).map((step) => toStepEntry(step, digestOf))
}

async function listRuns(deps: RunDeps, query: RunListQuery) {
	const runs = await deps.runs.runs({
		taskId: query.task_id === undefined ? undefined : asTaskId(query.task_id),
		blueprintId: query.blueprint,
		status: query.status,
		limit: Math.min(query.limit ?? DEFAULT_LIMIT, MAX_LIMIT),
		offset: query.offset ?? 0,
	})
	return Promise.all(runs.map((run) => listed(deps, run)))
}

/** A run whose steps cannot be read is shown without them. */
async function listed(deps: RunDeps, run: Run) {
	try {
		return await readRun(deps, run)
	} catch (error) {
		if (!(error instanceof MseError) || error.code !== 'storage_damaged') throw error
		const damaged = { ...run, damage: run.damage ?? error.message }
		const degradations = await deps.runs.degradations(run.id)
		const approvals = await deps.approvalsOf(run.id)
		return toRunRecord({ run: damaged, phase: deps.service.phaseOf(run), steps: [], degradations, approvals, digestOf: () => undefined })
	}
}

/** A run that still works cannot lose its journal under its feet. */
async function deleteRun(deps: RunDeps, id: string): Promise<void> {
	const run = await runOf(deps, id)
	if (!isTerminal(run.status) && run.status !== 'interrupted')
		throw new MseError('conflict', `Run ${id} is still ${run.status}.`, {
			code: 'run_not_ended',
			hint: `POST /v1/runs/${id}/cancel first.`,
		})
	await deps.service.forget(run.id)
	await deps.runs.deleteRun(run.id)
}
