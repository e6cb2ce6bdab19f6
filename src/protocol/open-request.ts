import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { PendingReplySchema, RequestKindSchema } from './operator.ts'
import { CountParam, FlagParam } from './query.ts'

const nullable = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()])
const Time = Type.Integer({ description: 'milliseconds since the epoch', examples: [1_763_721_272_000] })

/** Whom a request is addressed to, as far as is known here. */
export const RequestOwnerSchema = Type.Object({
	sid: Type.String(),
	desc: nullable(Type.String()),
	roles: Type.Array(Type.String()),
	/** Whether a socket is open right now. */
	connected: Type.Boolean(),
})

/** A request that waits for some operator's reply; `owner` is null while its seat is vacant. Ours. */
export const OpenRequestSchema = Type.Object({
	req_id: Type.String(),
	kind: RequestKindSchema,
	state: PendingReplySchema.properties.state,
	owner: nullable(RequestOwnerSchema),
	slot: nullable(Type.String()),
	run_id: Type.String(),
	step_id: Type.String(),
	attempt: Type.Integer({ minimum: 1 }),
	agent: Type.String(),
	created_at: Time,
	deadline_at: Time,
})
export type OpenRequestRecord = Static<typeof OpenRequestSchema>

/** Of one run, of one session, or those that wait for somebody to take their seat. */
export const OpenRequestQuerySchema = Type.Object(
	{
		run: Type.Optional(Type.String()),
		operator: Type.Optional(Type.String({ description: 'the sid of a session' })),
		vacant: Type.Optional(FlagParam),
		limit: Type.Optional(CountParam),
	},
	{ additionalProperties: true },
)

/** The oldest first; `total` counts those that are not shown as well. */
export const OpenRequestListSchema = Type.Object({ requests: Type.Array(OpenRequestSchema), total: Type.Integer({ minimum: 0 }) })
