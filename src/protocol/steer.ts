import { type Static, Type } from '@sinclair/typebox'
import { RunStatusSchema } from './run.ts'

const tolerant = { additionalProperties: true }
const closed = { additionalProperties: false }
const nullable = <S extends Parameters<typeof Type.Union>[0][number]>(schema: S) => Type.Optional(Type.Union([schema, Type.Null()]))

/** Body of `POST /v1/runs/:id/rerun-from` (mlua-swarm 0.26.0); `input` and `as` are ours. */
export const RerunBodySchema = Type.Object(
	{
		from_step: Type.String({ description: 'a step id, a position, or a step name: then the first in flow order' }),
		input: Type.Optional(Type.Unknown({ description: 'given to that step in place of its own input' })),
		as: nullable(Type.Union([Type.Literal('in_place'), Type.Literal('new_run')], { description: 'in_place (default) or new_run' })),
	},
	tolerant,
)
export type RerunBody = Static<typeof RerunBodySchema>

export const RerunningSchema = Type.Object({
	run_id: Type.String(),
	task_id: Type.String(),
	generation: Type.Integer(),
	replayed_steps: Type.Integer(),
	dropped_steps: Type.Integer(),
})

/** Body of `POST /v1/runs/pause`, `/resume` and `/cancel`: every key narrows, and only `all` means every run. */
export const SteerManyBodySchema = Type.Object(
	{
		run_ids: Type.Optional(Type.Array(Type.String(), { maxItems: 10_000 })),
		task_id: Type.Optional(Type.String()),
		blueprint: Type.Optional(Type.String()),
		status: Type.Optional(RunStatusSchema),
		all: Type.Optional(Type.Literal(true, { description: 'true' })),
		reason: Type.Optional(Type.String({ maxLength: 1024 })),
	},
	{ ...closed, examples: [{ blueprint: 'hello', status: 'running', reason: 'The room is needed.' }] },
)
export type SteerManyBody = Static<typeof SteerManyBodySchema>

export const SteeredSchema = Type.Object({
	changed: Type.Array(Type.String()),
	refused: Type.Array(Type.Object({ run_id: Type.String(), error: Type.String(), code: Type.String() })),
})
