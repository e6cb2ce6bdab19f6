import { type Static, Type } from '@sinclair/typebox'
import { OutputEventSchema } from './output.ts'

/** Unknown keys of a request are ignored. */
const open = { additionalProperties: true }

/** This wire calls a step's id so. */
const StepIdOnTheWire = Type.String({ examples: ['ST-1K9X2M4QZ7'] })

/** Where the credential may be put when no header can be sent; a header wins. */
export const DataTokenQuerySchema = Type.Object({ token: Type.Optional(Type.String()) }, open)

/** Body of `POST /v1/data/:name`; the name is in the path (mlua-swarm 0.1.0). */
export const DataPostReqSchema = Type.Object(
	{
		task_id: StepIdOnTheWire,
		attempt: Type.Integer({ minimum: 0 }),
		event: OutputEventSchema,
		parent_refs: Type.Optional(Type.Array(Type.String())),
	},
	open,
)
export type DataPostReq = Static<typeof DataPostReqSchema>

/** Body of `POST /v1/data/emit`. */
export const DataEmitReqSchema = Type.Object(
	{
		...DataPostReqSchema.properties,
		producer_agent: Type.String(),
	},
	open,
)
export type DataEmitReq = Static<typeof DataEmitReqSchema>

export const DataEmitRespSchema = Type.Object({ out_id: Type.String() })
export type DataEmitResp = Static<typeof DataEmitRespSchema>

export const DataRecordSchema = Type.Object({
	id: Type.String({ examples: ['OUT-1K9X2M4QZC'] }),
	task_id: StepIdOnTheWire,
	attempt: Type.Integer(),
	producer_agent: Type.String(),
	event: OutputEventSchema,
	parent_refs: Type.Array(Type.String()),
})
export type DataRecord = Static<typeof DataRecordSchema>
