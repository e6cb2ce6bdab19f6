import { type Static, Type } from '@sinclair/typebox'
import { sleep } from '../../../kernel/clock.ts'
import { MseError } from '../../../kernel/error.ts'
import { randomHex } from '../../../kernel/hash.ts'
import type { RunRecord } from '../../../protocol/run.ts'
import type { LaunchBody, LaunchReply } from '../../../protocol/task.ts'
import { type MseClient, pathId } from '../../client/client.ts'
import { invalidParams } from '../argument.ts'
import { type FoundBlueprint, SwarmBlueprintSchema, toFound } from '../blueprint-argument.ts'
import { adds, ends, looks, swarmTool, type ToolCall } from '../tool.ts'
import { LONGEST_WAIT_SECS, runAtTurn, waiting } from '../wait.ts'

const DEFAULT_TIMEOUT_SECS = 300
const TAIL_EVENTS = 50

const Bind = Type.Optional(Type.String({ description: 'host:port of another server' }))
const AnyRunId = Type.String({ minLength: 1, description: 'the id of a run, R-…' })
const Kind = Type.Union([Type.Literal('main_ai'), Type.Literal('automate'), Type.Literal('composite')], {
	description: 'main_ai, automate or composite',
})

const RunInput = Type.Object({
	blueprint: SwarmBlueprintSchema,
	init_ctx: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'the context the run begins with, an object' })),
	goal: Type.Optional(Type.String({ description: 'what the run is for' })),
	timeout_secs: Type.Optional(
		Type.Integer({
			minimum: 1,
			maximum: LONGEST_WAIT_SECS,
			description: 'how long this call waits for the end (default 300); the run goes on afterwards',
		}),
	),
	ttl_secs: Type.Optional(Type.Integer({ minimum: 1, description: 'fail the run after so many seconds of work' })),
	detach: Type.Optional(Type.Boolean({ description: 'do not wait at all (default false)' })),
	operator_id: Type.Optional(Type.String()),
	operator_kind: Type.Optional(Kind),
	operator_kind_overrides: Type.Optional(Type.Record(Type.String(), Kind, { description: 'kinds by agent' })),
	operator_sid: Type.Optional(
		Type.String({ description: 'the operator session that takes the seats; yours, when you joined exactly one' }),
	),
	operator_slot: Type.Optional(Type.String({ description: 'the seat it takes first' })),
})

const runTool = swarmTool({
	name: 'swarm_run',
	description:
		'Launch a Blueprint as a durable run on the server: {"kind":"id","id"}, {"kind":"file","path"}, {"kind":"inline","blueprint"} or a bare document. Waits for the end; comes back earlier, with status running, when the run asks for an approval or has work for a session that you joined. It never runs in this process and never ends with it.',
	input: RunInput,
	hints: adds,
	async run(input, call) {
		const found = await toFound(input.blueprint, call)
		const client = call.server(found.bind)
		const base = { head: found.head, resolved_via: 'http' }
		try {
			const reply = await launchOnce(call, client, toLaunch(input, found, pinned(call, client)))
			const { run_id, task_id, status, final_ctx, bound_version, effective_ttl_secs, ttl_source, info } = reply
			call.launched.add(run_id, { taskId: task_id, bind: found.bind })
			const launched = { run_id, task_id, bound_version, effective_ttl_secs, ttl_source, info, ...base }
			if (input.detach || status === 'done') return { ...launched, status, final_ctx }
			return { ...launched, ...(await outcome(call, client, run_id, input.timeout_secs ?? DEFAULT_TIMEOUT_SECS)) }
		} catch (thrown) {
			call.signal.throwIfAborted()
			if (!(thrown instanceof MseError) || thrown.code === 'invalid_params') throw thrown
			return { run_id: null, status: 'failed', error: [thrown.message, thrown.hint].filter(Boolean).join(' '), code: thrown.code, ...base }
		}
	},
})

const SECOND_TRY_MS = 1000

/** Said twice because a connection broke, it is still one launch. */
async function launchOnce({ clock, signal }: ToolCall, client: MseClient, body: LaunchBody): Promise<LaunchReply> {
	const headers = { 'idempotency-key': randomHex(16) }
	const launch = () => client.answer(client.v1.tasks.post(body, { headers }))
	return launch().catch(async (thrown) => {
		if (!(thrown instanceof MseError) || thrown.code !== 'unreachable') throw thrown
		await sleep(clock, SECOND_TRY_MS, signal)
		return launch()
	})
}

/** A launch that names nobody is given to the one session that was joined here. */
function pinned({ desk }: ToolCall, { url }: MseClient): string | undefined {
	return desk.only?.baseUrl === url ? desk.only.credential.sid : undefined
}

/** Always detached: whoever waits for the end may leave. A session of ours alone, without desc and slot, takes every seat. */
function toLaunch(input: Static<typeof RunInput>, { reference }: FoundBlueprint, own: string | undefined): LaunchBody {
	const { init_ctx = {}, goal, ttl_secs, operator_id, operator_kind, operator_kind_overrides, operator_sid, operator_slot } = input
	const operator = {
		...(operator_kind !== undefined && { kind: operator_kind }),
		...(operator_id !== undefined && { id: operator_id }),
		...(operator_kind_overrides && { per_agent_kinds: operator_kind_overrides }),
	}
	const sid = operator_sid ?? own
	return {
		...{ blueprint: reference, init_ctx, detach: true },
		...(goal !== undefined && { goal }),
		...(ttl_secs !== undefined && { ttl_secs }),
		...(Object.keys(operator).length > 0 && { operator }),
		...(sid !== undefined && { operator_sid: sid }),
		...(operator_slot !== undefined && { operator_slot, operator_desc: 'seated by swarm_run' }),
	}
}

async function outcome(call: ToolCall, client: MseClient, id: string, secs: number) {
	const { clock, desk } = call
	const run = await waiting(call, secs, `run ${id} goes on`, (until) =>
		runAtTurn(client, id, { clock, until, otherwise: desk.arrival(until) }),
	)
	if (run.status === 'done') return { status: 'done', final_ctx: run.result_ref }
	if (run.status !== 'running' && run.status !== 'pending') return { status: run.status, error: reasonOf(run), final_ctx: null }
	const requests = desk.waitingFrames()
	return {
		...{ status: 'running', phase: run.phase, final_ctx: null },
		...(run.approvals && { approvals: run.approvals }),
		...(requests.length > 0 && { your_requests: requests }),
		note: noteOf(run, requests.length),
	}
}

function noteOf({ id, phase }: RunRecord, requests: number): string {
	if (requests > 0) return 'The run has work for you: take it with mse_pending_wait, then wait for the run with mse_run_wait.'
	if (phase === 'waiting_approval') return 'The run waits for an approval: see mse_approval; then wait with mse_run_wait.'
	return `The run goes on by itself; wait for it with mse_run_wait ${id}.`
}

function reasonOf({ status, result_ref }: RunRecord): unknown {
	const { error } = (result_ref ?? {}) as { readonly error?: unknown }
	return error ?? `The run is ${status}.`
}

const statusTool = swarmTool({
	name: 'swarm_status',
	description: 'Show how a run is: status, steps, result and its newest events.',
	input: Type.Object({ run_id: AnyRunId, bind: Bind }),
	hints: looks,
	async run({ run_id, bind }, call) {
		const client = call.server(bind ?? call.launched.get(run_id)?.bind)
		const { status, phase, task_id, step_entries, result_ref, approvals } = await readRun(client, run_id)
		const { events } = await client.answer(client.v1.runs(pathId(run_id)).trace.get({ query: { latest: TAIL_EVENTS } }))
		return {
			...{ run_id, status, phase, task_id, step_entries, result_ref, log_tail: events },
			...{ cancel_requested: call.launched.isCancelRequested(run_id), ...(approvals && { approvals }) },
		}
	},
})

const statsTool = swarmTool({
	name: 'swarm_run_stats',
	description: 'Sum up what a run took: time and tokens of each step, in total and by model.',
	input: Type.Object({ run_id: AnyRunId, bind: Bind }),
	hints: looks,
	run: async ({ run_id, bind }, call) => toStats(await readRun(call.server(bind ?? call.launched.get(run_id)?.bind), run_id)),
})

const cancelTool = swarmTool({
	name: 'swarm_cancel',
	description: 'Cancel a run and end its work.',
	input: Type.Object({ run_id: AnyRunId, bind: Bind }),
	hints: ends,
	async run({ run_id, bind }, call) {
		const launched = call.launched.get(run_id)
		const client = call.server(bind ?? launched?.bind)
		call.launched.cancelRequested(run_id)
		try {
			await client.answer(client.v1.runs(pathId(run_id)).cancel.post())
		} catch (thrown) {
			if (launched === undefined) throw known(thrown)
			return {
				ok: true,
				run_id,
				cancel_requested: true,
				server_ack: false,
				error: thrown instanceof Error ? thrown.message : String(thrown),
			}
		}
		return { ok: true, run_id, cancel_requested: true, server_ack: true }
	},
})

export const swarmTools = [runTool, statusTool, statsTool, cancelTool]

async function readRun(client: MseClient, id: string): Promise<RunRecord> {
	return client.answer(client.v1.runs(pathId(id)).get()).catch((thrown) => {
		throw known(thrown)
	})
}

/** A run that does not exist is a wrong argument. */
function known(thrown: unknown): unknown {
	return thrown instanceof MseError && thrown.kind === 'not_found' ? invalidParams(thrown.message) : thrown
}

const TOKENS = ['input_tokens', 'output_tokens', 'total_tokens'] as const
type Tokens = { readonly [key in (typeof TOKENS)[number]]: number }

function toStats({ id, step_entries }: RunRecord) {
	const steps = step_entries.map(({ step_id, step_ref, status, attempt, duration_ms, worker_kind, model, usage, num_turns }) => ({
		...{ step_id, step_ref, status, attempt, duration_ms, worker_kind, model, usage, num_turns },
	}))
	const models = [...new Set(steps.flatMap(({ model }) => model ?? []))]
	return {
		run_id: id,
		steps,
		totals: {
			...sumOf(steps),
			duration_ms_sum: steps.reduce((sum, { duration_ms = 0 }) => sum + duration_ms, 0),
			steps_with_stats: steps.filter(({ usage, model }) => usage !== undefined || model !== undefined).length,
			steps_total: steps.length,
		},
		by_model: Object.fromEntries(models.map((model) => [model, sumOf(steps.filter((step) => step.model === model))])),
	}
}

function sumOf(steps: readonly { readonly usage?: object | undefined }[]): Tokens {
	const total = (key: (typeof TOKENS)[number]): number =>
		steps.reduce((sum, { usage = {} }) => sum + (Number((usage as { readonly [token: string]: unknown })[key]) || 0), 0)
	return { input_tokens: total('input_tokens'), output_tokens: total('output_tokens'), total_tokens: total('total_tokens') }
}
