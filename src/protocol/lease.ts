import { type Static, Type } from '@sinclair/typebox'
import { ProtocolEventSchema } from './runtime-frame.ts'

// Turns of workers that somebody else carries out; all of it is ours. Times are milliseconds.

const closed = { additionalProperties: false }
const LeaseMs = Type.Integer({ minimum: 1000, maximum: 3_600_000, examples: [60_000] })
const Time = Type.Integer({ examples: [1_763_721_272_104] })

/** Asks for the oldest turn of one of the profiles; waits for one up to `wait_ms`. */
export const PullBodySchema = Type.Object(
	{
		profiles: Type.Array(Type.String(), { minItems: 1, maxItems: 64, examples: [['http:desk']] }),
		/** Who asks, for people who look at what is given out. */
		holder: Type.Optional(Type.String({ maxLength: 256 })),
		lease_ms: Type.Optional(LeaseMs),
		wait_ms: Type.Optional(Type.Integer({ minimum: 0, maximum: 60_000, examples: [30_000] })),
	},
	closed,
)

/** A turn that was given out. It has to be acknowledged before `until`; `fence` is higher each time the worker's turns are given out. */
export const LeasedTurnSchema = Type.Object({
	lease: Type.String({ examples: ['lease-5f0c6d1b9f5a4d0f8f0e6a1b2c3d4e5f'] }),
	fence: Type.Integer({ examples: [1] }),
	until: Time,
	lease_ms: LeaseMs,
	worker_id: Type.String(),
	turn: Type.Integer({ examples: [1] }),
	profile: Type.String({ examples: ['http:desk'] }),
	kind: Type.Union([Type.Literal('user'), Type.Literal('system')]),
	content: Type.String({ examples: ['Review the change.'] }),
	attachments: Type.Array(Type.String(), { examples: [[]] }),
	transcript: Type.Array(
		Type.Object({ role: Type.String({ examples: ['user'] }), content: Type.String({ examples: ['Review the change.'] }) }),
	),
})
export type LeasedTurn = Static<typeof LeasedTurnSchema>

export const PullReplySchema = Type.Object({ turn: Type.Union([LeasedTurnSchema, Type.Null()]) })

export const ExtendBodySchema = Type.Object({ lease_ms: Type.Optional(LeaseMs) }, closed)
export const SayBodySchema = Type.Object({ events: Type.Array(ProtocolEventSchema, { minItems: 1, maxItems: 1000 }) }, closed)

/** The answer of the worker, or why there is none. */
export const CompleteBodySchema = Type.Union([
	Type.Object({ text: Type.String({ examples: ['Looks good.'] }), limit_reached: Type.Optional(Type.Boolean()) }, closed),
	Type.Object({ error: Type.String({ examples: ['out of paper'] }) }, closed),
])

export const LeaseReplySchema = Type.Object({
	lease: Type.Object({
		worker_id: Type.String(),
		turn: Type.Integer({ examples: [1] }),
		fence: Type.Integer({ examples: [1] }),
		/** Null once the turn has ended. */
		until: Type.Union([Time, Type.Null()]),
	}),
})

/** A turn that waits, or that somebody has. */
export const OpenTurnSchema = Type.Object({
	worker_id: Type.String(),
	turn: Type.Integer({ examples: [1] }),
	profile: Type.String({ examples: ['http:desk'] }),
	state: Type.Union([Type.Literal('waiting'), Type.Literal('leased')]),
	fence: Type.Integer({ examples: [1] }),
	holder: Type.Union([Type.String(), Type.Null()]),
	since: Time,
	until: Type.Union([Time, Type.Null()]),
	deadline_at: Time,
})
export const OpenTurnsSchema = Type.Object({ turns: Type.Array(OpenTurnSchema) })
