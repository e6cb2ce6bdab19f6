import { type Static, Type } from '@sinclair/typebox'
import { CountParam } from './query.ts'

/** Unknown keys are ignored on this wire, except inside a capability manifest. */
const open = { additionalProperties: true }
const closed = { additionalProperties: false }
const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])

const Capability = Type.Object(
	{
		launch_variant: Type.Optional(orNull(Type.String())),
		resolved_model: Type.Optional(orNull(Type.String())),
		effective_tools: Type.Optional(Type.Array(Type.String())),
		capability_snapshot_digest: Type.Optional(orNull(Type.String())),
		evidence_digest: Type.Optional(orNull(Type.String())),
	},
	closed,
)

/** What an operator's client says it can run (mlua-swarm 0.26.0). */
export const CapabilityManifestSchema = Type.Object(
	{
		provider_id: Type.String(),
		provider_revision: Type.Optional(orNull(Type.String())),
		capabilities: Type.Optional(Type.Array(Capability)),
	},
	closed,
)

export type CapabilityManifest = Static<typeof CapabilityManifestSchema>

/** What a manifest proved of one agent, as it is part of the agent's binding digest (mlua-swarm 0.26.0). */
export const BindingAttestationSchema = Type.Object({
	provider_id: Type.String(),
	provider_revision: orNull(Type.String()),
	resolved_model: orNull(Type.String()),
	effective_tools: Type.Array(Type.String()),
	launch_variant: orNull(Type.String()),
	capability_snapshot_digest: orNull(Type.String()),
})
export type BindingAttestation = Static<typeof BindingAttestationSchema>

/** Body of `POST /v1/operators`: the forms of mlua-swarm 0.1.0 (`roles`) and 0.26.0 (`desc`), together or empty. */
export const OperatorsCreateReqSchema = Type.Object(
	{
		roles: Type.Optional(orNull(Type.Array(Type.String({ minLength: 1, maxLength: 256 }), { maxItems: 256 }))),
		desc: Type.Optional(orNull(Type.String())),
		capability_manifest: Type.Optional(orNull(CapabilityManifestSchema)),
		/** Ours: the Blueprints the operator wants work of. */
		scope: Type.Optional(orNull(Type.Object({ blueprints: Type.Array(Type.String()) }, open))),
	},
	{ ...open, examples: [{ roles: ['main'], desc: 'the client on my desk' }] },
)
export type OperatorsCreateReq = Static<typeof OperatorsCreateReqSchema>

export const OperatorsCreateRespSchema = Type.Object({ sid: Type.String(), token: Type.String(), roles: Type.Array(Type.String()) })
export type OperatorsCreateResp = Static<typeof OperatorsCreateRespSchema>

/** The refusal of a join whose roles others own. */
export const RolesConflictSchema = Type.Object({ error: Type.String(), code: Type.String(), conflicts: Type.Array(Type.String()) }, open)

/** A seat the session was given. Long texts are cut, large metadata is left out; both are said. */
export const ObservedSeatSchema = Type.Object({
	run_id: Type.String(),
	slot: Type.String(),
	goal: orNull(Type.String()),
	project_root: orNull(Type.String()),
	work_dir: orNull(Type.String()),
	task_metadata: Type.Unknown(),
	task_metadata_omitted: Type.Boolean(),
	text_truncated: Type.Boolean(),
	at_secs: Type.Integer(),
})
export type ObservedSeat = Static<typeof ObservedSeatSchema>

export const OperatorsListQuerySchema = Type.Object({ limit: Type.Optional(CountParam) }, open)

/** Live sessions, the most recently active first (mlua-swarm 0.26.0, with our `roles`). */
export const OperatorsListRespSchema = Type.Object({
	operators: Type.Array(
		Type.Object({
			sid: Type.String(),
			roles: Type.Array(Type.String()),
			joined_at_secs: Type.Integer(),
			connected: Type.Boolean(),
			desc: orNull(Type.String()),
			observed: Type.Array(ObservedSeatSchema),
			observed_total: Type.Integer({ minimum: 0 }),
			last_activity_secs: Type.Integer(),
		}),
	),
	total: Type.Integer({ minimum: 0 }),
	limit: Type.Integer({ minimum: 0 }),
})
export type OperatorsListResp = Static<typeof OperatorsListRespSchema>

export const OperatorsInfoRespSchema = Type.Object({
	sid: Type.String(),
	roles: Type.Array(Type.String()),
	/** Whether a socket is open right now. */
	connected: Type.Boolean(),
	desc: orNull(Type.String()),
	capability_manifest: Type.Optional(CapabilityManifestSchema),
	observed: Type.Array(ObservedSeatSchema),
	observed_total: Type.Integer({ minimum: 0 }),
})
export type OperatorsInfoResp = Static<typeof OperatorsInfoRespSchema>

export const RequestKindSchema = Type.Union([
	Type.Literal('spawn'),
	Type.Literal('ask'),
	Type.Literal('hook_before'),
	Type.Literal('hook_after'),
])

/** A request that waits for the operator's reply. Times in seconds. */
export const PendingReplySchema = Type.Object({
	req_id: Type.String(),
	kind: RequestKindSchema,
	state: Type.Union([Type.Literal('parked'), Type.Literal('sent'), Type.Literal('delivered')]),
	slot: orNull(Type.String()),
	run_id: Type.String(),
	step_id: Type.String(),
	attempt: Type.Integer({ minimum: 1 }),
	agent: orNull(Type.String()),
	created_at_secs: Type.Integer(),
	age_secs: Type.Integer({ minimum: 0 }),
	deadline_at_secs: Type.Integer(),
})
export type PendingReply = Static<typeof PendingReplySchema>

export const OperatorsRequestsRespSchema = Type.Object({ requests: Type.Array(PendingReplySchema), total: Type.Integer({ minimum: 0 }) })
export type OperatorsRequestsResp = Static<typeof OperatorsRequestsRespSchema>

export const OperatorsRedeliverRespSchema = Type.Object({ req_id: Type.String(), state: PendingReplySchema.properties.state })
