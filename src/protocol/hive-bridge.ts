import { type Static, type TProperties, Type } from '@sinclair/typebox'

/**
 * Verbs of an agent's socket that only our own bridge and harness use, beside hyperhive's, which know nothing of them. What one
 * answers is `{"kind":"ok"}`, `{"kind":"result","value":…}` or `{"kind":"err","message":…}`.
 */
const verb = <Cmd extends string, P extends TProperties>(cmd: Cmd, fields: P) => Type.Object({ cmd: Type.Literal(cmd), ...fields })

const Handle = Type.String({ description: 'the worker_handle of the request, such as wh-0123456789abcdef' })

/** Answers a request out of the inbox: the keys of the operator frames, with `kind` for their `type`. */
export const MseAckSchema = Type.Object({
	req_id: Type.String({ description: 'req_id of the request' }),
	kind: Type.String({ description: 'spawn_ack or spawn_halt for a spawn, answer for an ask, hook_ack for a hook_before' }),
	ok: Type.Optional(Type.Boolean({ description: 'spawn_ack, hook_ack: false when it went wrong or may not go on' })),
	value: Type.Optional(Type.Unknown({ description: 'answer: what is answered; spawn_ack: the result where none was submitted' })),
	error: Type.Optional(Type.Union([Type.String(), Type.Null()], { description: 'spawn_ack: why the work could not be done' })),
	reason: Type.Optional(Type.Union([Type.String(), Type.Null()], { description: 'hook_ack, spawn_halt: why' })),
	stats: Type.Optional(Type.Unknown({ description: 'spawn_ack: what the work took' })),
	sid: Type.Optional(Type.String({ description: 'implied by the socket, and ignored' })),
})
export type MseAck = Static<typeof MseAckSchema>

/** Gives the prompt of the attempt that the handle stands for. */
export const WorkerPromptVerbSchema = Type.Object({ worker_handle: Handle })

/** Submits the outcome of an attempt, as it is. The last one counts. */
export const WorkerSubmitVerbSchema = Type.Object({
	worker_handle: Handle,
	body: Type.String({ description: 'the result, raw' }),
	ok: Type.Optional(Type.Boolean({ description: 'false: the step is blocked with this body' })),
	verdict: Type.Optional(Type.String({ description: 'pass, blocked or skip' })),
})
export type WorkerSubmitVerb = Static<typeof WorkerSubmitVerbSchema>

/** Puts a body down for other workers of the run, under a name. */
export const DataEmitVerbSchema = Type.Object({
	worker_handle: Handle,
	value: Type.Unknown({ description: 'the body' }),
	name: Type.Optional(Type.String({ description: 'the name it is found by; the agent of the attempt when left out' })),
})
export type DataEmitVerb = Static<typeof DataEmitVerbSchema>

/** Reads a body by its id or name. */
export const DataGetVerbSchema = Type.Object({ worker_handle: Handle, key: Type.String({ description: 'out_id or name' }) })

export const bridgeRequests = [
	verb('mse_ack', MseAckSchema.properties),
	verb('worker_prompt', WorkerPromptVerbSchema.properties),
	verb('worker_submit', WorkerSubmitVerbSchema.properties),
	verb('data_emit', DataEmitVerbSchema.properties),
	verb('data_get', DataGetVerbSchema.properties),
	/** Whether the agent is to take no message for the time being. */
	verb('harness_state', {}),
] as const
export type BridgeRequest = Static<(typeof bridgeRequests)[number]>

export const BridgeResultSchema = Type.Object({ kind: Type.Literal('result'), value: Type.Unknown() })
export type BridgeResult = Static<typeof BridgeResultSchema>

export const HarnessStateSchema = Type.Object({ paused: Type.Boolean() })
export type HarnessState = Static<typeof HarnessStateSchema>
