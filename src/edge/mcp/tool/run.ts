import { Type } from '@sinclair/typebox'
import { isJsonObject } from '../../../kernel/json.ts'
import { type RunRecord, RunStatusSchema } from '../../../protocol/run.ts'
import { RerunBodySchema, SteerManyBodySchema } from '../../../protocol/steer.ts'
import { pathId } from '../../client/client.ts'
import { invalidParams } from '../argument.ts'
import { RunIdSchema } from '../id.ts'
import { adds, ends, looks, moves, ownTool } from '../tool.ts'
import { DEFAULT_WAIT_SECS, LONGEST_WAIT_SECS, runAtTurn, waiting } from '../wait.ts'

const DEFAULT_LIMIT = 20

const listTool = ownTool({
	name: 'mse_runs',
	description: 'List runs, newest first, without their steps and values. mse_run shows one.',
	input: Type.Object({
		status: Type.Optional(RunStatusSchema),
		task: Type.Optional(Type.String({ description: 'only of this task' })),
		blueprint: Type.Optional(Type.String({ description: 'only of this Blueprint, among the runs of the page' })),
		limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 50, description: 'at most so many, 1 to 50 (default 20)' })),
		offset: Type.Optional(Type.Integer({ minimum: 0, description: '`next_offset` of the page before' })),
	}),
	hints: looks,
	async run({ status, task, blueprint, limit = DEFAULT_LIMIT, offset = 0 }, call) {
		const client = call.server()
		const query = { limit, offset, ...(status && { status }), ...(task !== undefined && { task_id: task }) }
		const { runs } = await client.answer(client.v1.runs.get({ query }))
		const shown = runs.filter(({ blueprint_id }) => blueprint === undefined || blueprint_id === blueprint)
		return { runs: shown.map(toSummary), next_offset: runs.length === limit ? offset + limit : null }
	},
})

const showTool = ownTool({
	name: 'mse_run',
	description:
		'Show a run: status, phase, steps, what it waits for, and its result (result_ref). With `pointer`, only that part of it whole, such as /result_ref/report or /step_entries/0.',
	input: Type.Object({
		run_id: RunIdSchema,
		pointer: Type.Optional(Type.String({ pattern: '^(/.*)?$', description: 'a JSON pointer into what is shown' })),
		offset: Type.Optional(Type.Integer({ minimum: 0, description: 'where in a long text to go on, in characters' })),
	}),
	hints: looks,
	async run({ run_id, pointer, offset = 0 }, call) {
		const client = call.server()
		const run = await client.answer(client.v1.runs(pathId(run_id)).get())
		if (pointer === undefined) return run
		const value = pointed(run, pointer)
		if (typeof value !== 'string') return { pointer, value }
		const end = offset + TEXT_PAGE
		return { pointer, value: value.slice(offset, end), next_offset: end < value.length ? end : null, length: value.length }
	},
})

const waitTool = ownTool({
	name: 'mse_run_wait',
	description:
		'Wait until a run has ended, asks for an approval, is paused, or has work for a session that you joined. Stopping to wait leaves the run alone.',
	input: Type.Object({
		run_id: RunIdSchema,
		timeout_secs: Type.Optional(
			Type.Integer({
				minimum: 0,
				maximum: LONGEST_WAIT_SECS,
				description: `seconds, 0 to ${LONGEST_WAIT_SECS} (default ${DEFAULT_WAIT_SECS})`,
			}),
		),
	}),
	hints: looks,
	async run({ run_id, timeout_secs = DEFAULT_WAIT_SECS }, call) {
		const client = call.server()
		const { clock, desk } = call
		const run = await waiting(call, timeout_secs, `run ${run_id} goes on`, (until) =>
			runAtTurn(client, run_id, { clock, until, otherwise: desk.arrival(until) }),
		)
		const work = desk.waitingFrames()
		return {
			...toSummary(run),
			result_ref: run.result_ref,
			...(run.approvals && { approvals: run.approvals }),
			...(work.length > 0 && { your_requests: work }),
		}
	},
})

const pauseTool = ownTool({
	name: 'mse_run_pause',
	description: 'Pause a run: what is being done is finished, nothing new begins until mse_run_resume.',
	input: Type.Object({ run_id: RunIdSchema }),
	hints: moves,
	async run({ run_id }, call) {
		const client = call.server()
		await client.answer(client.v1.runs(pathId(run_id)).pause.post())
		return toSummary(await client.answer(client.v1.runs(pathId(run_id)).get()))
	},
})

const resumeTool = ownTool({
	name: 'mse_run_resume',
	description: 'Let a paused or interrupted run go on. Steps that were done are not done again.',
	input: Type.Object({ run_id: RunIdSchema }),
	hints: moves,
	async run({ run_id }, call) {
		const client = call.server()
		return client.answer(client.v1.runs(pathId(run_id)).resume.post())
	},
})

const cancelTool = ownTool({
	name: 'mse_run_cancel',
	description: 'Cancel a run and end its work. The run it leaves is told: one that had ended before stays as it was.',
	input: Type.Object({ run_id: RunIdSchema }),
	hints: ends,
	async run({ run_id }, call) {
		const client = call.server()
		await client.answer(client.v1.runs(pathId(run_id)).cancel.post())
		return toSummary(await client.answer(client.v1.runs(pathId(run_id)).get()))
	},
})

const steerTool = ownTool({
	name: 'mse_runs_steer',
	description: 'Pause, resume or cancel every run that fits a filter. Only `all` means every run.',
	input: Type.Object({
		verb: Type.Union([Type.Literal('pause'), Type.Literal('resume'), Type.Literal('cancel')], { description: 'pause, resume or cancel' }),
		...SteerManyBodySchema.properties,
	}),
	hints: ends,
	async run({ verb, ...filter }, call) {
		const client = call.server()
		return client.answer(client.v1.runs[verb].post(filter))
	},
})

const rerunTool = ownTool({
	name: 'mse_run_rerun',
	description:
		'Run again from a step on: what was done before it stays, it and all after it are done anew. `as: new_run` leaves the run as it is and makes another.',
	input: Type.Object({
		run_id: RunIdSchema,
		from_step: RerunBodySchema.properties.from_step,
		input: RerunBodySchema.properties.input,
		as: Type.Optional(Type.Union([Type.Literal('in_place'), Type.Literal('new_run')], { description: 'in_place (default) or new_run' })),
	}),
	hints: adds,
	async run({ run_id, ...body }, call) {
		const client = call.server()
		return client.answer(client.v1.runs(pathId(run_id))['rerun-from'].post(body))
	},
})

export const runTools = [listTool, showTool, waitTool, pauseTool, resumeTool, cancelTool, steerTool, rerunTool]

const TEXT_PAGE = 20_000

/** A run in a line: which steps are under way, but no values. Times are unix seconds. */
export function toSummary(run: RunRecord) {
	const { id, task_id, status, phase, blueprint_id, version, generation, created_at, updated_at, current, step_entries, approvals } = run
	return {
		...{ run_id: id, task_id, status, phase, blueprint_id, version, generation, created_at, updated_at },
		...(Object.keys(current).length > 0 && { seats: current }),
		steps: step_entries.length,
		steps_in_flight: step_entries
			.filter((step) => step.status === null)
			.map(({ step_id, step_ref, at }) => ({ step_id, step_ref, since: at })),
		...(approvals && { approvals }),
		...failureOf(run),
	}
}

/** Why it ended badly. */
function failureOf({ status, result_ref }: RunRecord): object {
	if (status === 'done' || !isJsonObject(result_ref) || result_ref.error === undefined) return {}
	return { error: result_ref.error }
}

function pointed(value: unknown, pointer: string): unknown {
	let found = value
	for (const part of pointer.split('/').slice(1)) {
		const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
		const holder = Array.isArray(found) || isJsonObject(found) ? found : {}
		if (!Object.hasOwn(holder, key))
			throw invalidParams(
				`Nothing is at ${pointer}.`,
				`There is ${Object.keys(holder).slice(0, 20).join(', ') || 'nothing below'} before \`${key}\`.`,
			)
		found = Reflect.get(holder, key)
	}
	return found
}
