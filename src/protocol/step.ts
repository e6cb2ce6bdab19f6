import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { OutputEventSchema, WorkerStatsSchema } from './output.ts'
import { CountParam } from './query.ts'

const nullable = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()])
const Time = Type.Integer({ description: 'milliseconds since the epoch', examples: [1_763_721_272_000] })

/** `attempt` is the one whose outputs are shown; the newest when left out. */
export const StepQuerySchema = Type.Object({ attempt: Type.Optional(CountParam) }, { additionalProperties: true })

/** One thing a worker said about an attempt (`tail`), or put down for others (`data`). */
export const StepSaidSchema = Type.Object({
	id: Type.String({ examples: ['out-1f0c6d1b9f'] }),
	plane: Type.Union([Type.Literal('tail'), Type.Literal('data')]),
	producer: Type.String({ examples: ['greeter'] }),
	event: OutputEventSchema,
	at: Time,
})
export type StepSaid = Static<typeof StepSaidSchema>

/** One dispatch of a step node with all that is kept of it. Ours. */
export const StepDetailSchema = Type.Object({
	step_id: Type.String(),
	run_id: Type.String(),
	step_ref: Type.String(),
	position: Type.String(),
	generation: Type.Integer(),
	status: Type.String({ examples: ['passed'] }),
	/** The newest one. */
	attempt: Type.Integer(),
	started_at: Time,
	ended_at: nullable(Time),
	/** What its worker was asked; null for functions, which are not asked again. */
	input: Type.Unknown({ examples: ['Ada'] }),
	/** The system prompt of the newest attempt. */
	system: nullable(Type.String()),
	/** What the flow sees of it, once it passed, was blocked or skipped. */
	output: Type.Unknown({ examples: ['Hello Ada'] }),
	error: nullable(Type.Object({ code: Type.String(), message: Type.String() })),
	stats: nullable(WorkerStatsSchema),
	/** What the worker of the shown attempt said, the newest of it where that is much. */
	said: Type.Array(StepSaidSchema),
	said_total: Type.Integer({ minimum: 0, examples: [3] }),
})
export type StepDetail = Static<typeof StepDetailSchema>
