import { type Static, Type } from '@sinclair/typebox'
import { blueprintExample } from './example.ts'
import { BindingAttestationSchema } from './operator.ts'
import { UsageSchema } from './output.ts'
import { CountParam } from './query.ts'

const nullable = <S extends Parameters<typeof Type.Union>[0][number]>(schema: S) => Type.Union([schema, Type.Null()])

/** Upstream's six words (mlua-swarm 0.26.0). */
export const runStatuses = ['pending', 'running', 'done', 'failed', 'interrupted', 'cancelled'] as const
export const RunStatusSchema = Type.Unsafe<(typeof runStatuses)[number]>(
	Type.Union(
		runStatuses.map((status) => Type.Literal(status)),
		{ description: `one of ${runStatuses.join(', ')}` },
	),
)

/** What an unfinished run is doing; our own words beside `status`. */
export const RunPhaseSchema = Type.Unsafe<'running' | 'waiting' | 'waiting_approval' | 'paused' | 'parked'>(
	Type.Union(['running', 'waiting', 'waiting_approval', 'paused', 'parked'].map((phase) => Type.Literal(phase))),
)

/** Who holds a seat. */
export const HolderSchema = Type.Object({ op: Type.String(), desc: Type.String(), gen: Type.Integer() })
export type Holder = Static<typeof HolderSchema>

/** One dispatch of a step node. `status` is null while it is in flight. `at` is in unix seconds. */
export const StepEntrySchema = Type.Object({
	step_id: Type.String(),
	step_ref: nullable(Type.String()),
	status: nullable(Type.String()),
	/** What the agent was bound to (mlua-swarm 0.26.0). */
	binding_digest: Type.Optional(Type.String()),
	at: Type.Integer({ examples: [1_763_721_272] }),
	attempt: Type.Optional(Type.Integer()),
	started_at_ms: Type.Optional(Type.Integer()),
	completed_at_ms: Type.Optional(Type.Integer()),
	duration_ms: Type.Optional(Type.Integer()),
	worker_kind: Type.Optional(Type.String()),
	model: Type.Optional(Type.String()),
	usage: Type.Optional(UsageSchema),
	num_turns: Type.Optional(Type.Integer()),
	adapter_data: Type.Optional(Type.Unknown()),
	/** Where in the flow: node path, loop rounds and lanes. */
	position: Type.String(),
	error: Type.Optional(Type.Object({ code: Type.String(), message: Type.String() })),
})
export type StepEntry = Static<typeof StepEntrySchema>

/** A large value that the disk lost. */
export const DamageSchema = Type.Object({ code: Type.Literal('storage_damaged'), message: Type.String() })
export type Damage = Static<typeof DamageSchema>

/** An approval that a run waits for. */
export const OpenApprovalSchema = Type.Object({
	id: Type.Integer({ examples: [7] }),
	age_secs: Type.Integer({ examples: [12] }),
	step_id: nullable(Type.String()),
	deadline_at: nullable(Type.Integer({ examples: [1_763_721_872_000] })),
})
export type OpenApproval = Static<typeof OpenApprovalSchema>

/** A run (mlua-swarm 0.26.0), with `phase`, `approvals`, `generation`, `blueprint_id` and `version` of ours. Times are unix seconds. */
export const RunRecordSchema = Type.Object({
	id: Type.String({ examples: ['R-1K9X2M4QZ5'] }),
	task_id: Type.String(),
	status: RunStatusSchema,
	phase: nullable(RunPhaseSchema),
	step_entries: Type.Array(StepEntrySchema),
	/** Those it waits for; absent when there are none. */
	approvals: Type.Optional(Type.Array(OpenApprovalSchema)),
	degradations: Type.Optional(Type.Array(Type.Unknown())),
	operator_sid: nullable(Type.String()),
	current: Type.Record(Type.String(), HolderSchema),
	next_generation: Type.Integer(),
	result_ref: Type.Unknown(),
	generation: Type.Integer(),
	blueprint_id: nullable(Type.String()),
	version: Type.String(),
	created_at: Type.Integer(),
	updated_at: Type.Integer(),
	/** The attempt whose worker launched it, and how many runs there are above it. */
	parent: Type.Optional(Type.Object({ run_id: Type.String(), step_id: Type.String() })),
	depth: Type.Optional(Type.Integer()),
	/** How long it may be worked on, and how much of that was used up at the last step; absent for no limit. */
	work_limit: Type.Optional(Type.Object({ ms: Type.Integer({ examples: [1_800_000] }), used_ms: Type.Integer({ examples: [12_000] }) })),
	/** In lists: what of the run could not be read; the value is null then. */
	error: Type.Optional(DamageSchema),
})
export type RunRecord = Static<typeof RunRecordSchema>

export const RunListQuerySchema = Type.Object(
	{
		task_id: Type.Optional(Type.String()),
		/** Ours. */
		blueprint: Type.Optional(Type.String({ description: 'the id of a Blueprint' })),
		status: Type.Optional(RunStatusSchema),
		limit: Type.Optional(CountParam),
		offset: Type.Optional(CountParam),
	},
	{ additionalProperties: true },
)
export type RunListQuery = Static<typeof RunListQuerySchema>
export const RunListSchema = Type.Object({ runs: Type.Array(RunRecordSchema) })
export const RunStepsSchema = Type.Object({ run_id: Type.String(), steps: Type.Array(StepEntrySchema) })

/** Upstream's view of the event log. `kind` is a comma list of prefixes of `core.…` and `worker.…`. */
export const TraceQuerySchema = Type.Object(
	{
		after: Type.Optional(CountParam),
		limit: Type.Optional(CountParam),
		latest: Type.Optional(CountParam),
		kind: Type.Optional(Type.String()),
		step: Type.Optional(Type.String()),
		attempt: Type.Optional(CountParam),
	},
	{ additionalProperties: true },
)
export type TraceQuery = Static<typeof TraceQuerySchema>

export const TraceEventSchema = Type.Object({
	run_id: Type.String(),
	seq: Type.Integer(),
	ts_ms: Type.Integer(),
	kind: Type.String({ examples: ['core.step.completed'] }),
	step_ref: Type.Optional(Type.String()),
	attempt: Type.Optional(Type.Integer()),
	payload: Type.Unknown(),
})
export type TraceEvent = Static<typeof TraceEventSchema>
export const TraceSchema = Type.Object({ run_id: Type.String(), events: Type.Array(TraceEventSchema) })

/** What an agent is bound to; `effective` is null where nobody attested anything (mlua-swarm 0.26.0). */
export const BindingSchema = Type.Object({
	agent: Type.String(),
	runner_source: Type.String(),
	status: Type.Union([Type.Literal('declaration_only'), Type.Literal('attested')]),
	requested: nullable(
		Type.Object({ launch_variant: nullable(Type.String()), model: nullable(Type.String()), tools: Type.Array(Type.String()) }),
	),
	effective: nullable(BindingAttestationSchema),
	difference: Type.Object({
		model_changed: Type.Boolean(),
		missing_requested_tools: Type.Array(Type.String()),
		additional_effective_tools: Type.Array(Type.String()),
		launch_variant_changed: Type.Boolean(),
	}),
	binding_digest: Type.String(),
})
export type Binding = Static<typeof BindingSchema>

export const BindingsSchema = Type.Object({
	run_id: Type.String(),
	task_id: Type.String(),
	snapshot_origin: Type.Union([Type.Literal('launch'), Type.Literal('resume_backfill')]),
	bindings: Type.Array(BindingSchema),
})

/** What a run goes by, whatever became of the Blueprint since; also for one that was launched inline. Ours. */
export const RunBlueprintSchema = Type.Object({
	run_id: Type.String(),
	blueprint_id: nullable(Type.String()),
	version: Type.String(),
	blueprint: Type.Unknown({ title: 'Blueprint', examples: [blueprintExample] }),
})

/** An ended life of a run, closed by rerun-from. */
export const ClosedGenerationSchema = Type.Object({
	generation: Type.Integer(),
	status: RunStatusSchema,
	result_ref: Type.Unknown(),
	closed_at: Type.Integer(),
	step_entries: Type.Array(StepEntrySchema),
})
export const GenerationsSchema = Type.Object({ run_id: Type.String(), current: Type.Integer(), closed: Type.Array(ClosedGenerationSchema) })

export const ResumedSchema = Type.Object({ run_id: Type.String(), task_id: Type.String(), replayed_steps: Type.Integer() })
