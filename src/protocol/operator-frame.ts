import { type Static, Type } from '@sinclair/typebox'

/** Unknown keys are ignored in both directions (mlua-swarm 0.1.0 and 0.26.0). */
const open = { additionalProperties: true }
const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])

const Attempted = {
	req_id: Type.String(),
	parent_req_id: Type.Optional(Type.String()),
	/** The step's id; this wire calls it so. */
	task_id: Type.String({ pattern: '^ST-.' }),
	agent: Type.String(),
	attempt: Type.Integer({ minimum: 0, maximum: 0xffff_ffff }),
}

const Ask = Type.Object({
	type: Type.Literal('ask'),
	req_id: Attempted.req_id,
	parent_req_id: Attempted.parent_req_id,
	task_id: Attempted.task_id,
	question: Type.Unknown(),
})
const HookBefore = Type.Object({ type: Type.Literal('hook_before'), ...Attempted })
const HookAfter = Type.Object({ type: Type.Literal('hook_after'), ...Attempted, result: Type.Unknown() })

/** The worker type that the Blueprint declares for the agent. */
export const FrameWorkerSchema = Type.Object({
	variant: Type.String(),
	tools: Type.Array(Type.String()),
	request_digest: Type.Optional(Type.String()),
	requested_model: Type.Optional(Type.String()),
})
export type FrameWorker = Static<typeof FrameWorkerSchema>

export const SpawnSchema = Type.Object({
	type: Type.Literal('spawn'),
	...Attempted,
	capability_token: Type.String(),
	worker_handle: Type.Optional(Type.String()),
	directive: Type.String(),
	worker: Type.Optional(FrameWorkerSchema),
})

/** Frames of ours; they go only to a client that sent `hello`. */
const ServerHello = Type.Object({ type: Type.Literal('hello'), api_version: Type.String(), features: Type.Array(Type.String()) })
const Received = Type.Object({ type: Type.Literal('received'), req_id: Type.String() })
const Failed = Type.Object({
	type: Type.Literal('error'),
	code: Type.String(),
	req_id: Type.Optional(Type.String()),
	message: Type.String(),
})
const GoingAway = Type.Object({ type: Type.Literal('going_away') })

/** Server to operator. */
export const ServerMsgSchema = Type.Union([Ask, HookBefore, HookAfter, SpawnSchema, ServerHello, Received, Failed, GoingAway])
export type ServerMsg = Static<typeof ServerMsgSchema>

const Answer = Type.Object({ type: Type.Literal('answer'), req_id: Type.String(), value: Type.Unknown() }, open)
const HookAck = Type.Object(
	{ type: Type.Literal('hook_ack'), req_id: Type.String(), ok: Type.Boolean(), reason: Type.Optional(orNull(Type.String())) },
	open,
)
const SpawnAck = Type.Object(
	{
		type: Type.Literal('spawn_ack'),
		req_id: Type.String(),
		value: Type.Optional(Type.Unknown()),
		ok: Type.Optional(Type.Boolean()),
		error: Type.Optional(orNull(Type.String())),
		/** Read leniently: what is not the shape of worker stats is left out. */
		stats: Type.Optional(Type.Unknown()),
	},
	open,
)
const SpawnHalt = Type.Object(
	{
		type: Type.Literal('spawn_halt'),
		req_id: Type.String(),
		value: Type.Optional(Type.Unknown()),
		reason: Type.Optional(orNull(Type.String())),
	},
	open,
)
const ClientHelloSchema = Type.Object(
	{
		type: Type.Literal('hello'),
		api_version: Type.Optional(Type.Union([Type.String(), Type.Number()])),
		features: Type.Optional(Type.Array(Type.String())),
	},
	open,
)

/** What a newer client says first; one of another API version is told so. */
export type ClientHello = Static<typeof ClientHelloSchema>

/** What answers a request. */
export const ClientReplySchema = Type.Union([Answer, HookAck, SpawnAck, SpawnHalt])
export type ClientReply = Static<typeof ClientReplySchema>

/** Operator to server. Anything else is counted and dropped. */
export const ClientMsgSchema = Type.Union([Answer, HookAck, SpawnAck, SpawnHalt, ClientHelloSchema])
export type ClientMsg = Static<typeof ClientMsgSchema>
