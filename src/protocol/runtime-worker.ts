import { type Static, Type } from '@sinclair/typebox'
import { CountParam, FlagParam } from './query.ts'
import {
	CapabilityRequestSchema,
	MountRefSchema,
	ProfileSelectorSchema,
	WorkerExecutionStatusSchema,
	WorkerIntentSchema,
	WorkerRefSchema,
	WorkerStatusSchema,
	WorkspaceRefSchema,
} from './runtime.ts'
import { ConfigBundleRefSchema } from './runtime-bundle.ts'

const tolerant = { additionalProperties: true }

/** A turn for a worker. `attachments` (ours) are ids of bodies on the data plane. */
export const WorkerInputSchema = Type.Object(
	{
		kind: Type.Union([Type.Literal('user'), Type.Literal('system')]),
		content: Type.String({ examples: ['Review the change.'] }),
		attachments: Type.Optional(Type.Array(Type.String(), { maxItems: 64 })),
	},
	tolerant,
)
export type WorkerInput = Static<typeof WorkerInputSchema>

/** `display_name` and `initial_input` are ours. */
export const CreateWorkerSchema = Type.Object(
	{
		intent: WorkerIntentSchema,
		profile: ProfileSelectorSchema,
		config_bundle: Type.Optional(Type.Union([ConfigBundleRefSchema, Type.Null()])),
		requested_capabilities: Type.Optional(Type.Array(CapabilityRequestSchema)),
		workspace_refs: Type.Optional(Type.Array(WorkspaceRefSchema)),
		mount_refs: Type.Optional(Type.Array(MountRefSchema)),
		display_name: Type.Optional(Type.Union([Type.String({ maxLength: 256 }), Type.Null()])),
		initial_input: Type.Optional(Type.Union([WorkerInputSchema, Type.Null()])),
	},
	tolerant,
)
export type CreateWorker = Static<typeof CreateWorkerSchema>

const identity = { worker_ref: WorkerRefSchema, runtime_id: Type.String(), worker_id: Type.String(), status: WorkerStatusSchema }
const counters = { transcript_len: Type.Integer(), last_event_id: Type.Integer() }
/** What we tell beside the upstream keys; times are milliseconds. */
const ours = {
	backend_profile: Type.String(),
	display_name: Type.Optional(Type.String()),
	created_at: Type.Integer(),
	updated_at: Type.Integer(),
}

export const WorkerSummarySchema = Type.Object({
	...identity,
	execution: WorkerExecutionStatusSchema,
	intent: WorkerIntentSchema,
	profile: ProfileSelectorSchema,
	requested_capability_count: Type.Integer(),
	has_config_bundle: Type.Boolean(),
	...counters,
	...ours,
})
export type WorkerSummary = Static<typeof WorkerSummarySchema>

export const WorkerDetailSchema = Type.Object({
	...identity,
	execution: WorkerExecutionStatusSchema,
	intent: WorkerIntentSchema,
	profile: ProfileSelectorSchema,
	config_bundle: Type.Optional(ConfigBundleRefSchema),
	requested_capabilities: Type.Optional(Type.Array(CapabilityRequestSchema)),
	workspace_refs: Type.Optional(Type.Array(WorkspaceRefSchema)),
	mount_refs: Type.Optional(Type.Array(MountRefSchema)),
	...counters,
	...ours,
})
export type WorkerDetail = Static<typeof WorkerDetailSchema>

export const LifecycleBodySchema = Type.Object({ reason: Type.Optional(Type.Union([Type.String(), Type.Null()])) }, tolerant)

export const WorkerInputAckSchema = Type.Object({
	worker_ref: WorkerRefSchema,
	status: WorkerStatusSchema,
	transcript_sequence: Type.Integer(),
	event_id: Type.Integer(),
})
export type WorkerInputAck = Static<typeof WorkerInputAckSchema>

export const WorkerLifecycleAckSchema = Type.Object({ worker_ref: WorkerRefSchema, status: WorkerStatusSchema, event_id: Type.Integer() })
export type WorkerLifecycleAck = Static<typeof WorkerLifecycleAckSchema>

export const TranscriptEntrySchema = Type.Object({
	sequence: Type.Integer(),
	worker_ref: WorkerRefSchema,
	role: Type.Union([Type.Literal('user'), Type.Literal('assistant'), Type.Literal('system')]),
	content: Type.String({ examples: ['Review the change.'] }),
	event_id: Type.Integer(),
	/** Ours: ids of bodies on the data plane. */
	attachments: Type.Optional(Type.Array(Type.String())),
})
export type TranscriptEntry = Static<typeof TranscriptEntrySchema>

/** `start` and `next_start` are indexes from 0, not sequences. */
export const TranscriptProjectionSchema = Type.Object({
	worker_ref: WorkerRefSchema,
	start: Type.Integer(),
	limit: Type.Integer(),
	total_items: Type.Integer(),
	items: Type.Array(TranscriptEntrySchema),
	next_start: Type.Union([Type.Integer(), Type.Null()]),
})
export type TranscriptProjection = Static<typeof TranscriptProjectionSchema>

export const RuntimeHttpWorkerSchema = Type.Object({ worker: WorkerDetailSchema })
/** Ours: `next_after`, there are more, and they follow this id; `cursor`, where the event log tells what happens to them from now on. */
export const RuntimeHttpWorkersSchema = Type.Object({
	workers: Type.Array(WorkerSummarySchema),
	next_after: Type.Optional(Type.String()),
	cursor: Type.String({ examples: ['41'] }),
})
export const RuntimeHttpInputAckSchema = Type.Object({ ack: WorkerInputAckSchema })
export const RuntimeHttpLifecycleAckSchema = Type.Object({ ack: WorkerLifecycleAckSchema })
export const RuntimeHttpTranscriptSchema = Type.Object({ transcript: TranscriptProjectionSchema })
export const RuntimeHttpDeletedSchema = Type.Object({ worker: Type.Object({ worker_id: Type.String(), deleted: Type.Literal(true) }) })

/** A body that turns can name in `attachments`. */
export const RuntimeHttpAttachmentSchema = Type.Object({
	attachment: Type.Object({
		id: Type.String({ examples: ['OUT-1K9X2M4QZC'] }),
		name: Type.String({ examples: ['notes.md'] }),
		bytes: Type.Integer({ examples: [512] }),
	}),
})
export const AttachmentQuerySchema = Type.Object({ name: Type.String({ description: 'what the body is called', examples: ['notes.md'] }) })

/** Without any of these all workers are listed, as upstream does. */
export const WorkerListQuerySchema = Type.Object({
	status: Type.Optional(WorkerStatusSchema),
	profile: Type.Optional(Type.String({ description: 'the name of a profile, such as `builtin:echo`' })),
	after: Type.Optional(Type.String({ description: 'the id of the last worker that was read' })),
	limit: Type.Optional(CountParam),
})
export const PageQuerySchema = Type.Object({ start: Type.Optional(CountParam), limit: Type.Optional(CountParam) })
export const AfterQuerySchema = Type.Object({ after: Type.Optional(CountParam), limit: Type.Optional(CountParam) })
export const DeleteQuerySchema = Type.Object({ force: Type.Optional(FlagParam) })
