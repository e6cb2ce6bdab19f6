import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { CapabilityManifestSchema } from './operator.ts'

const nullable = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()])
const Time = Type.Integer({ description: 'milliseconds since the epoch', examples: [1_763_721_272_000] })

/** An operator session as people see it who look after the server. Ours. */
export const OperatorSessionSchema = Type.Object({
	sid: Type.String({ examples: ['S-1K9X2M4QZ1'] }),
	roles: Type.Array(Type.String()),
	desc: nullable(Type.String()),
	/** The Blueprints it takes work of; null for all. */
	blueprints: nullable(Type.Array(Type.String())),
	/** The hive agent whose inbox is its socket. */
	agent: nullable(Type.String({ examples: ['alice'] })),
	/** Whether a socket is open right now. */
	connected: Type.Boolean(),
	joined_at: Time,
	last_activity_at: Time,
})
export type OperatorSessionRecord = Static<typeof OperatorSessionSchema>

/** Those with the newest activity first. */
export const OperatorSessionListSchema = Type.Object({ sessions: Type.Array(OperatorSessionSchema) })

/** `seats` are the last few that it was given; `held` says whether it has that one still. */
export const OperatorSessionDetailSchema = Type.Composite([
	OperatorSessionSchema,
	Type.Object({
		capability_manifest: nullable(CapabilityManifestSchema),
		seats: Type.Array(
			Type.Object({
				run_id: Type.String(),
				slot: Type.String({ examples: ['main-ai'] }),
				goal: nullable(Type.String()),
				given_at: Time,
				held: Type.Boolean({ examples: [true] }),
			}),
		),
		seats_total: Type.Integer({ minimum: 0, examples: [1] }),
	}),
])
export type OperatorSessionDetail = Static<typeof OperatorSessionDetailSchema>
