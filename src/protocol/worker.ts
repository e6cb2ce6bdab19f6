import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { UsageSchema } from './output.ts'

/** Unknown keys of a request are ignored. */
const open = { additionalProperties: true }
const nullable = <T extends TSchema>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]))

/** This wire calls a step's id so. */
const StepIdOnTheWire = Type.String({ examples: ['ST-1K9X2M4QZ7'] })

/** Query of `GET /v1/worker/prompt`; `task_id` is the step's id. `system=ref` asks for a pointer to the system prompt (ours). */
export const PromptQuerySchema = Type.Object(
	{
		task_id: StepIdOnTheWire,
		system: Type.Optional(Type.String({ description: '`ref`: a `system_ref` in place of `system`' })),
	},
	open,
)
export type PromptQuery = Static<typeof PromptQuerySchema>

/** Where the output of another step is found; never the content itself (mlua-swarm 0.7.0). */
export const StepPointerSchema = Type.Object({
	name: Type.String(),
	size_bytes: Type.Integer(),
	file_path: Type.Optional(Type.String()),
	content_url: Type.String(),
	sha256: Type.String(),
})
export type StepPointer = Static<typeof StepPointerSchema>

/** What a worker may know of its task; a key without a value is left out (mlua-swarm 0.26.0, and our `input_refs`). */
export const PromptContextSchema = Type.Object({
	task_id: StepIdOnTheWire,
	agent: Type.String(),
	attempt: Type.Integer(),
	project_root: Type.Optional(Type.String()),
	work_dir: Type.Optional(Type.String()),
	task_metadata: Type.Optional(Type.Unknown()),
	run_id: Type.Optional(Type.String()),
	project_name_alias: Type.Optional(Type.String()),
	input_refs: Type.Optional(Type.Array(Type.String())),
	extra: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
	/** How the approval was answered that the step waited for. */
	approval: Type.Optional(
		Type.Object({
			answer: Type.Unknown(),
			by: Type.Union([Type.String(), Type.Null()]),
			note: Type.Union([Type.String(), Type.Null()]),
		}),
	),
	steps: Type.Optional(Type.Array(StepPointerSchema)),
})

export const SystemRefSchema = Type.Object({
	uri: Type.String(),
	sha256: Type.String(),
	size_bytes: Type.Integer(),
	mode: Type.Union([Type.Literal('http'), Type.Literal('file')]),
})

/** Stock clients fail on `system_ref: null`, so absent keys are absent. */
export const WorkerPromptSchema = Type.Object({
	task_id: StepIdOnTheWire,
	attempt: Type.Integer(),
	agent: Type.String(),
	system: Type.Optional(Type.String()),
	system_ref: Type.Optional(SystemRefSchema),
	prompt: Type.String(),
	context: PromptContextSchema,
})
export type WorkerPrompt = Static<typeof WorkerPromptSchema>

export const PromptSystemQuerySchema = Type.Object(
	{
		task_id: StepIdOnTheWire,
		attempt: Type.Optional(Type.String()),
		token: Type.Optional(Type.String()),
	},
	open,
)
export type PromptSystemQuery = Static<typeof PromptSystemQuerySchema>

/** Query of `POST /v1/worker/submit`: the body is the value, raw. */
export const SubmitQuerySchema = Type.Object(
	{
		ok: Type.Optional(Type.String({ description: '`true` (default) or `false`' })),
		verdict: Type.Optional(Type.String({ description: '`pass`, `blocked` or `skip`' })),
	},
	open,
)
export type SubmitQuery = Static<typeof SubmitQuerySchema>

export const WorkerResultReqSchema = Type.Object(
	{
		task_id: StepIdOnTheWire,
		value: Type.Unknown(),
		ok: Type.Optional(Type.Boolean()),
		attempt: nullable(Type.Integer({ minimum: 0 })),
	},
	open,
)
export type WorkerResultReq = Static<typeof WorkerResultReqSchema>

export const ArtifactQuerySchema = Type.Object({ name: Type.Optional(Type.String()) }, open)

/** A worker tells that a tool failed and what it did instead. */
export const WorkerDegradationReqSchema = Type.Object(
	{
		tool: Type.String(),
		error: Type.String({ examples: ['The search timed out.'] }),
		fallback: Type.String(),
		note: nullable(Type.String()),
	},
	open,
)
export type WorkerDegradationReq = Static<typeof WorkerDegradationReqSchema>

export const WorkerStatsReqSchema = Type.Object(
	{
		worker_kind: nullable(Type.String()),
		model: nullable(Type.String()),
		usage: nullable(UsageSchema),
		num_turns: nullable(Type.Integer({ minimum: 0 })),
		cost_usd: nullable(Type.Number({ minimum: 0 })),
		retry_after_ms: nullable(Type.Integer({ minimum: 0 })),
		adapter_data: Type.Optional(Type.Unknown()),
	},
	{
		...open,
		examples: [{ worker_kind: 'claude-code', model: 'claude-sonnet', usage: { input_tokens: 900, output_tokens: 80 }, num_turns: 3 }],
	},
)
export type WorkerStatsReq = Static<typeof WorkerStatsReqSchema>

export const RenderSizeRespSchema = Type.Object({
	agent: Type.String(),
	last_rendered_bytes: Type.Union([Type.Integer(), Type.Null()]),
})
export type RenderSizeResp = Static<typeof RenderSizeRespSchema>
