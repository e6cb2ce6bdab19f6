import { type Static, Type } from '@sinclair/typebox'
import { HolderSchema } from './run.ts'
import { WorkerPromptSchema } from './worker.ts'

const nullable = <S extends Parameters<typeof Type.Union>[0][number]>(schema: S) => Type.Union([schema, Type.Null()])
const tolerant = { additionalProperties: true }

/** One seat of a run; `declared` by its Blueprint, or only held. */
export const SeatViewSchema = Type.Object({
	slot: Type.String(),
	vacant: Type.Boolean(),
	holder: nullable(HolderSchema),
	declared: Type.Boolean(),
})
export type SeatView = Static<typeof SeatViewSchema>

export const SeatsSourceSchema = Type.Union([Type.Literal('blueprint'), Type.Literal('run_current_only')])

/** Body of `POST /v1/runs/:id/acquire` (mlua-swarm 0.26.0). */
export const AcquireBodySchema = Type.Object(
	{ op: Type.String(), desc: Type.String(), slot: Type.Optional(nullable(Type.String())) },
	tolerant,
)

/** `previous` is null for a vacant seat; `t_discard` tells what became of the requests of the holder before. */
export const AcquiredSchema = Type.Object({
	run_id: Type.String(),
	slot: Type.String(),
	gen: Type.Integer(),
	previous: nullable(HolderSchema),
	t_discard: Type.Optional(Type.Object({ discarded: nullable(Type.Integer()), not_discarded: Type.String() })),
})

export const AssigneesSchema = Type.Object({
	run_id: Type.String(),
	generation: Type.Integer(),
	seats: Type.Array(SeatViewSchema),
	seats_source: SeatsSourceSchema,
	note: nullable(Type.String()),
})

/** A request nobody answered yet. Whether the worker's result is there is said, its value is not. */
export const UnansweredSchema = Type.Object({
	slot: nullable(Type.String()),
	op: nullable(Type.String()),
	generation: nullable(Type.Integer()),
	req_id: Type.String(),
	kind: Type.String(),
	step_id: Type.String(),
	attempt: Type.Integer(),
	final_present: Type.Boolean(),
	final_ok: nullable(Type.Boolean()),
	material_route: Type.String(),
})
export type Unanswered = Static<typeof UnansweredSchema>

/** What somebody who takes over a run has to know (mlua-swarm 0.26.0). */
export const HandoverSchema = Type.Object({
	...AssigneesSchema.properties,
	trace: Type.Object({ route: Type.String(), latest_seq: nullable(Type.Integer()) }),
	unanswered: Type.Array(UnansweredSchema),
	unread_seats: Type.Array(Type.Object({ slot: Type.String(), op: Type.String(), reason: Type.String() })),
})

export const MaterialQuerySchema = Type.Object(
	{ step_id: Type.Optional(Type.String({ description: 'the id of a step of this run' })) },
	tolerant,
)
export const MaterialSchema = Type.Object({
	run_id: Type.String(),
	run_link: Type.Union([Type.Literal('confirmed'), Type.Literal('unconfirmed')]),
	note: nullable(Type.String()),
	payload: WorkerPromptSchema,
	final_present: Type.Boolean(),
	final_ok: nullable(Type.Boolean()),
})
