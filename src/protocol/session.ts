import { type Static, Type } from '@sinclair/typebox'
import { CountParam } from './query.ts'

/** Unknown keys of a request are ignored. */
const open = { additionalProperties: true }

/** Who a credential speaks for (mlua-swarm 0.1.0). */
export const roles = ['operator', 'worker', 'observer', 'senior'] as const
export type Role = (typeof roles)[number]

/** A capability token as its transport encoding holds it; `sig_hex` covers every other member (mlua-swarm 0.1.0). */
export const CapTokenSchema = Type.Object({
	agent_id: Type.String(),
	role: Type.Union(roles.map((role) => Type.Literal(role))),
	scopes: Type.Array(Type.String()),
	/** Unix seconds. */
	issued_at: Type.Integer({ minimum: 0 }),
	expire_at: Type.Integer({ minimum: 0 }),
	max_uses: Type.Optional(Type.Union([Type.Integer({ minimum: 0 }), Type.Null()])),
	nonce: Type.String(),
	sig_hex: Type.String(),
})
export type CapToken = Required<Static<typeof CapTokenSchema>>

/** Body of `POST /v1/sessions` (mlua-swarm 0.1.0). `role` is read in any case. */
export const SessionAttachReqSchema = Type.Object(
	{
		agent_id: Type.String(),
		role: Type.String(),
		ttl_secs: Type.Integer({ minimum: 0 }),
	},
	open,
)
export type SessionAttachReq = Static<typeof SessionAttachReqSchema>

/** `session_id` is the secret that ends the session, `public_id` its name for logs and lists; `role` in the caller's spelling. */
export const SessionAttachRespSchema = Type.Object({
	session_id: Type.String(),
	public_id: Type.String(),
	role: Type.String(),
	ttl_enforced: Type.Boolean(),
})
export type SessionAttachResp = Static<typeof SessionAttachRespSchema>

/** `GET /v1/sessions`. Times are unix seconds. */
export const AttachSessionListQuerySchema = Type.Object({ limit: Type.Optional(CountParam) }, open)

/** `expire_at` is null for a role that lasts until it is detached; `operator_sid` names the operator session that ends with this one. */
export const AttachSessionViewSchema = Type.Object({
	public_id: Type.String(),
	agent_id: Type.String(),
	role: Type.Unsafe<Role>(Type.Union(roles.map((role) => Type.Literal(role)))),
	issued_at: Type.Integer(),
	expire_at: Type.Union([Type.Integer(), Type.Null()]),
	operator_sid: Type.Union([Type.String(), Type.Null()]),
})
export type AttachSessionView = Static<typeof AttachSessionViewSchema>
export const AttachSessionListSchema = Type.Object({ sessions: Type.Array(AttachSessionViewSchema) })
