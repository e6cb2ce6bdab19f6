import { type Static, Type } from '@sinclair/typebox'

const tolerant = { additionalProperties: true }

/**
 * What a worker tells while it works: `{"event": name, "data"?: …}`. Open: names nobody here knows pass through as they are.
 */
export const ProtocolEventSchema = Type.Object({ event: Type.String({ minLength: 1 }), data: Type.Optional(Type.Unknown()) }, tolerant)
export type ProtocolEvent = Static<typeof ProtocolEventSchema>

/** What a worker can be told: `{"method": name, "params"?: …}`, one JSON object a line on its stdin. */
export const ProtocolMethodSchema = Type.Object({ method: Type.String({ minLength: 1 }), params: Type.Optional(Type.Unknown()) }, tolerant)
export type ProtocolMethod = Static<typeof ProtocolMethodSchema>

/** A piece of a turn. Kinds nobody here knows pass through. */
export const SegmentSchema = Type.Object(
	{
		kind: Type.String(),
		content: Type.Optional(Type.String()),
		path: Type.Optional(Type.String()),
		slug: Type.Optional(Type.String()),
	},
	tolerant,
)
export type Segment = Static<typeof SegmentSchema>

/** One observation as it goes over the wire. */
export const RuntimeWorkerEventEnvelopeSchema = Type.Object({
	cursor: Type.String(),
	event_id: Type.String(),
	worker_id: Type.String(),
	payload: ProtocolEventSchema,
})
export type RuntimeWorkerEventEnvelope = Static<typeof RuntimeWorkerEventEnvelopeSchema>

/** `ack` is ours and goes only to clients that asked to send methods. */
export const RuntimeWorkerEventWsFrameSchema = Type.Union([
	Type.Object({ kind: Type.Literal('event'), envelope: RuntimeWorkerEventEnvelopeSchema }),
	Type.Object({ kind: Type.Literal('diagnostic'), diagnostic: Type.Object({ code: Type.String(), message: Type.String() }) }),
	Type.Object({ kind: Type.Literal('ack'), method: Type.String(), ack: Type.Unknown() }),
])
export type RuntimeWorkerEventWsFrame = Static<typeof RuntimeWorkerEventWsFrameSchema>

/** `cursor`: where to go on. `methods=true`: this client sends protocol methods. */
export const ObservationQuerySchema = Type.Object({ cursor: Type.Optional(Type.String()), methods: Type.Optional(Type.String()) })
