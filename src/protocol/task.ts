import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { RunPolicySchema } from './policy.ts'
import { CountParam } from './query.ts'
import { DamageSchema, RunRecordSchema } from './run.ts'
import { SeatsSourceSchema, SeatViewSchema } from './seat.ts'

const nullable = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()])
/** May be left out or null. */
const maybe = <S extends TSchema>(schema: S) => Type.Optional(nullable(schema))
const Seconds = Type.Integer({ minimum: 0, maximum: 9_000_000_000, description: 'a whole number of seconds' })

const tolerant = { additionalProperties: true } as const

/** Which version of a stored Blueprint (mlua-swarm 0.1.0). */
export const VersionSelectorSchema = Type.Union(
	[
		Type.Object({ kind: Type.Literal('latest') }, tolerant),
		Type.Object({ kind: Type.Literal('fixed'), value: Type.String() }, tolerant),
		Type.Object({ kind: Type.Literal('semver_req'), req: Type.String() }, tolerant),
	],
	{ description: '{"kind": "latest"}, {"kind": "fixed", "value"} or {"kind": "semver_req", "req"}' },
)

/** Which Blueprint. `hash` is ours: a document by its version alone. */
export const BlueprintReferenceSchema = Type.Union(
	[
		Type.Object({ kind: Type.Literal('inline'), value: Type.Unknown() }, tolerant),
		Type.Object({ kind: Type.Literal('id'), id: Type.String(), version: maybe(VersionSelectorSchema) }, tolerant),
		Type.Object({ kind: Type.Literal('hash'), hash: Type.String() }, tolerant),
	],
	{ description: '{"kind": "inline", "value"}, {"kind": "id", "id", "version"?} or {"kind": "hash", "hash"}' },
)

/** The operator's part of a launch (mlua-swarm 0.1.0). Kinds are checked by meaning, not by shape. */
export const LaunchOperatorSchema = Type.Object(
	{
		kind: maybe(Type.String()),
		id: maybe(Type.String()),
		spawn_hook_id: maybe(Type.String()),
		senior_bridge_id: maybe(Type.String()),
		operator_backend_id: maybe(Type.String()),
		per_agent_kinds: maybe(Type.Record(Type.String(), Type.String())),
	},
	tolerant,
)

const CheckPolicySchema = Type.Union([Type.Literal('silent'), Type.Literal('warn'), Type.Literal('strict')])

/** Body of `POST /v1/tasks`, of both generations of clients. Unknown keys are ignored; null counts as absent. */
export const LaunchBodySchema = Type.Object(
	{
		blueprint: BlueprintReferenceSchema,
		init_ctx: Type.Unknown({ description: 'any JSON, null included' }),
		ttl_secs: maybe(Seconds),
		operator: maybe(LaunchOperatorSchema),
		operator_sid: maybe(Type.String()),
		operator_desc: maybe(Type.String()),
		operator_slot: maybe(Type.String()),
		project_root: maybe(Type.String()),
		work_dir: maybe(Type.String()),
		task_metadata: Type.Optional(Type.Unknown()),
		goal: maybe(Type.String()),
		timeout_secs: maybe(Seconds),
		check_policy: maybe(CheckPolicySchema),
		run_policy: maybe(RunPolicySchema),
		detach: maybe(Type.Boolean()),
	},
	tolerant,
)
export type LaunchBody = Static<typeof LaunchBodySchema>

/** What a launcher wants to know about its run at once (mlua-swarm 0.26.0). */
export const LaunchInfoSchema = Type.Object({
	run_id: Type.String(),
	goal: Type.String(),
	project_root: nullable(Type.String()),
	work_dir: nullable(Type.String()),
	seats: Type.Array(SeatViewSchema),
	seats_source: SeatsSourceSchema,
	note: nullable(Type.String()),
})
export type LaunchInfo = Static<typeof LaunchInfoSchema>

/** Body of `POST /v1/tasks/:id/runs`, which may be left out. The last three keys are ours; unknown keys are ignored. */
export const KickBodySchema = Type.Object(
	{
		init_ctx_override: Type.Optional(Type.Unknown({ description: 'merged over the stored context; null counts as absent' })),
		task_input_override: maybe(
			Type.Object(
				{ project_root: maybe(Type.String()), work_dir: maybe(Type.String()), task_metadata: Type.Optional(Type.Unknown()) },
				tolerant,
			),
		),
		timeout_secs: maybe(Seconds),
		detach: maybe(Type.Boolean()),
		operator_sid: maybe(Type.String()),
		operator_desc: maybe(Type.String()),
		operator_slot: maybe(Type.String()),
		operator: maybe(LaunchOperatorSchema),
		ttl_secs: maybe(Seconds),
		run_policy: maybe(RunPolicySchema),
		check_policy: maybe(CheckPolicySchema),
	},
	{ ...tolerant, examples: [{ init_ctx_override: { name: 'Grace' }, detach: true }] },
)
export type KickBody = Static<typeof KickBodySchema>

/** Answer of a re-kick: 201 once the run is done, 202 at once when detached. */
export const KickReplySchema = Type.Object({
	task_id: Type.String(),
	run_id: Type.String(),
	status: Type.Union([Type.Literal('done'), Type.Literal('running')]),
	info: LaunchInfoSchema,
})
export type KickReply = Static<typeof KickReplySchema>

/** Answer of a launch: 200 with the final ctx, or 202 at once with `status: "running"` and no ctx yet. */
export const LaunchReplySchema = Type.Object({
	final_ctx: Type.Unknown(),
	bound_version: nullable(Type.String()),
	effective_ttl_secs: Type.Integer(),
	ttl_source: Type.Union([Type.Literal('request_body'), Type.Literal('bp_metadata'), Type.Literal('server_default')]),
	task_id: Type.String(),
	run_id: Type.String(),
	status: Type.Union([Type.Literal('done'), Type.Literal('running')]),
	info: LaunchInfoSchema,
})
export type LaunchReply = Static<typeof LaunchReplySchema>

/** The words of mlua-swarm for a task: that of its latest run, `failed` where that was cancelled. */
const taskStatuses = ['pending', 'running', 'done', 'failed', 'interrupted'] as const
const TaskStatusSchema = Type.Unsafe<(typeof taskStatuses)[number]>(Type.Union(taskStatuses.map((status) => Type.Literal(status))))

/** Times are unix seconds. */
export const TaskRecordSchema = Type.Object({
	id: Type.String({ examples: ['T-1K9X2M4QZ3'] }),
	goal: Type.String(),
	blueprint_ref: Type.Unknown(),
	input_ctx: Type.Unknown(),
	task_input_spec: Type.Optional(Type.Unknown()),
	status: TaskStatusSchema,
	created_at: Type.Integer(),
	updated_at: Type.Integer(),
	/** In lists: what of the task could not be read; the value is null then. */
	error: Type.Optional(DamageSchema),
})
export type TaskRecord = Static<typeof TaskRecordSchema>

export const TaskListQuerySchema = Type.Object({ limit: Type.Optional(CountParam) }, tolerant)
export const TaskDetailSchema = Type.Object({ task: TaskRecordSchema, runs: Type.Array(RunRecordSchema) })
