import { type Static, Type } from '@sinclair/typebox'

/** Where a body is: inline, or in a file of the worker's machine (mlua-swarm 0.1.0). */
export const ContentRefSchema = Type.Union([
	Type.Object({ kind: Type.Literal('inline'), value: Type.Unknown() }),
	Type.Object({
		kind: Type.Literal('file_ref'),
		path: Type.String(),
		mime: Type.Optional(Type.Union([Type.String(), Type.Null()])),
		size_hint: Type.Optional(Type.Union([Type.Integer({ minimum: 0 }), Type.Null()])),
	}),
])
export type ContentRef = Static<typeof ContentRefSchema>

/** One thing a worker says about its attempt. Only `final` decides the step, and the last one wins. */
export const OutputEventSchema = Type.Union([
	Type.Object({ type: Type.Literal('progress'), stage: Type.String(), note: Type.Optional(Type.Union([Type.String(), Type.Null()])) }),
	Type.Object({ type: Type.Literal('partial'), chunk: Type.String() }),
	Type.Object({ type: Type.Literal('artifact'), name: Type.String(), content: ContentRefSchema }),
	Type.Object({ type: Type.Literal('final'), content: ContentRefSchema, ok: Type.Boolean() }),
])
export type OutputEvent = Static<typeof OutputEventSchema>

/** Tokens a worker reports; any part may be missing. */
export const UsageSchema = Type.Object({
	input_tokens: Type.Optional(Type.Integer({ minimum: 0 })),
	output_tokens: Type.Optional(Type.Integer({ minimum: 0 })),
	total_tokens: Type.Optional(Type.Integer({ minimum: 0 })),
})
export type Usage = Static<typeof UsageSchema>

/** What a worker says about its own work; shown with the step, never deciding it. */
export const WorkerStatsSchema = Type.Object({
	worker_kind: Type.Optional(Type.String()),
	model: Type.Optional(Type.String()),
	usage: Type.Optional(UsageSchema),
	num_turns: Type.Optional(Type.Integer({ minimum: 0 })),
	cost_usd: Type.Optional(Type.Number({ minimum: 0 })),
	/** How long the worker asks to be left alone before its step is tried again; it counts when the attempt fails. */
	retry_after_ms: Type.Optional(Type.Integer({ minimum: 0 })),
	adapter_data: Type.Optional(Type.Unknown()),
})
export type WorkerStats = Static<typeof WorkerStatsSchema>
