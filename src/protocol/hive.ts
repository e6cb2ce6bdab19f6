import { type Static, type TProperties, Type } from '@sinclair/typebox'
import { HiveAgentSchema, LOG_TAIL_MAX } from './hive-http.ts'

/** A signed 64-bit integer. A number as far as those are exact, a bigint beyond. */
export const Int64Schema = Type.Union([
	Type.Integer({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }),
	Type.BigInt({ minimum: -(2n ** 63n), maximum: 2n ** 63n - 1n }),
])
export type Int64 = Static<typeof Int64Schema>

/** Longest wait of a `recv`. */
export const RECV_WAIT_MAX_SECS = 180

/** Unknown keys are ignored. The order of keys is that of hyperhive's types, and so are the bytes. */
const verb = <Cmd extends string, P extends TProperties>(cmd: Cmd, fields: P) => Type.Object({ cmd: Type.Literal(cmd), ...fields })
const Name = { name: Type.String() }

/** What the operator's socket takes (hyperhive of May 2026); `purge` and `note` are optional additions. */
export const hostRequests = [
	verb('spawn', Name),
	verb('request_spawn', Name),
	verb('kill', Name),
	verb('destroy', { ...Name, purge: Type.Optional(Type.Boolean()) }),
	verb('rebuild', Name),
	verb('list', {}),
	verb('pending', {}),
	verb('approve', { id: Int64Schema }),
	verb('deny', { id: Int64Schema, note: Type.Optional(Type.String()) }),
] as const
export const HostRequestSchema = Type.Union([...hostRequests])
export type HostRequest = Static<typeof HostRequestSchema>

/** What the operator's socket takes besides, for our own clients: readers of hyperhive's list of verbs are not told of these. */
export const hostExtraRequests = [
	verb('start', Name),
	verb('stop', Name),
	verb('restart', Name),
	verb('set_paused', { ...Name, paused: Type.Boolean() }),
	verb('agent_status', { name: Type.Optional(Type.String()) }),
	verb('logs', { ...Name, tail: Type.Optional(Type.Integer({ minimum: 1, maximum: LOG_TAIL_MAX })) }),
	verb('operator_send', { to: Type.String(), body: Type.String() }),
	verb('operator_recv', { wait_seconds: Type.Optional(Type.Integer({ minimum: 0, maximum: RECV_WAIT_MAX_SECS })) }),
] as const
export const HostExtraRequestSchema = Type.Union([...hostExtraRequests])
export type HostExtraRequest = Static<typeof HostExtraRequestSchema>

/** What an agent's socket takes. Who asks is the socket, never a field. */
export const agentRequests = [
	verb('send', { to: Type.String(), body: Type.String() }),
	verb('recv', { wait_seconds: Type.Optional(Type.Integer({ minimum: 0, maximum: RECV_WAIT_MAX_SECS })) }),
	verb('status', {}),
	verb('operator_msg', { body: Type.String() }),
] as const
export const AgentRequestSchema = Type.Union([...agentRequests])
export type AgentRequest = Static<typeof AgentRequestSchema>

/** What the manager's socket takes. */
export const managerRequests = [
	...agentRequests,
	verb('request_spawn', Name),
	verb('kill', Name),
	verb('request_apply_commit', { agent: Type.String(), commit_ref: Type.String() }),
] as const
export const ManagerRequestSchema = Type.Union([...managerRequests])
export type ManagerRequest = Static<typeof ManagerRequestSchema>

const ApprovalStatus = Type.Union([Type.Literal('pending'), Type.Literal('approved'), Type.Literal('denied'), Type.Literal('failed')])

/** An approval as this wire shows it. Both enums are closed: a reader refuses a whole list for one value it does not know. Times in seconds. */
export const HiveApprovalSchema = Type.Object({
	id: Type.Integer(),
	agent: Type.String(),
	kind: Type.Union([Type.Literal('apply_commit'), Type.Literal('spawn')]),
	commit_ref: Type.String(),
	requested_at: Type.Integer(),
	status: ApprovalStatus,
	resolved_at: Type.Optional(Type.Integer()),
	note: Type.Optional(Type.String()),
})
export type HiveApproval = Static<typeof HiveApprovalSchema>

/** Every answer of the operator's socket; what is absent is left out, never null. */
export const HostResponseSchema = Type.Object({
	ok: Type.Boolean(),
	error: Type.Optional(Type.String()),
	agents: Type.Optional(Type.Array(Type.String())),
	approvals: Type.Optional(Type.Array(HiveApprovalSchema)),
	version: Type.Optional(Type.Integer()),
	/** Of `agent_status`. */
	statuses: Type.Optional(Type.Array(HiveAgentSchema)),
	/** Of `logs`. */
	text: Type.Optional(Type.String()),
	/** Of `operator_recv`; absent when nothing came. */
	message: Type.Optional(Type.Object({ from: Type.String(), body: Type.String() })),
})
export type HostResponse = Static<typeof HostResponseSchema>

/** Every answer of an agent's and of the manager's socket. */
export const AgentResponseSchema = Type.Union([
	Type.Object({ kind: Type.Literal('ok') }),
	Type.Object({ kind: Type.Literal('err'), message: Type.String() }),
	Type.Object({ kind: Type.Literal('message'), from: Type.String(), body: Type.String() }),
	Type.Object({ kind: Type.Literal('empty') }),
	Type.Object({ kind: Type.Literal('status'), unread: Type.Integer() }),
])
export type AgentResponse = Static<typeof AgentResponseSchema>

/** What the hive tells the manager: the body of a message from `system`. One kind only unless the config says otherwise, for readers that know no other. */
export const HelperEventSchema = Type.Object({
	event: Type.Literal('approval_resolved'),
	id: Type.Integer(),
	agent: Type.String(),
	commit_ref: Type.String(),
	status: ApprovalStatus,
	note: Type.Optional(Type.String()),
})
export type HelperEvent = Static<typeof HelperEventSchema>

/** With `hive.helper_events = "extended"`: an agent ended though nobody asked for it. */
export const ContainerCrashSchema = Type.Object({
	event: Type.Literal('container_crash'),
	agent: Type.String(),
	exit_code: Type.Optional(Type.Integer()),
})
export type ContainerCrash = Static<typeof ContainerCrashSchema>
