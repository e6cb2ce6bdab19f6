import { type Static, Type } from '@sinclair/typebox'

// The REST surface of yoi's worker-runtime: names, order of keys and nulls are its own. Unknown keys of requests are ignored.

const tolerant = { additionalProperties: true }
const oneOf = <const Word extends string>(...words: Word[]) => Type.Unsafe<Word>(Type.Union(words.map((word) => Type.Literal(word))))

/** What every failing route of the runtime family answers. `details` is ours. */
export const RuntimeHttpErrorSchema = Type.Object({
	error: Type.Object({ code: Type.String(), message: Type.String(), details: Type.Optional(Type.Unknown()) }),
})
export type RuntimeHttpError = Static<typeof RuntimeHttpErrorSchema>

/** The error statuses a runtime route declares, beside its answers. */
export function runtimeRefusals<const Status extends number>(...statuses: Status[]) {
	return Object.fromEntries(statuses.map((status) => [status, RuntimeHttpErrorSchema])) as {
		[S in Status]: typeof RuntimeHttpErrorSchema
	}
}

const OptionalText = Type.Optional(Type.Union([Type.String(), Type.Null()]))

/** Why a worker exists; stored and shown. */
export const WorkerIntentSchema = Type.Union([
	Type.Object({ kind: Type.Literal('assistant'), purpose: OptionalText }, tolerant),
	Type.Object({ kind: Type.Literal('task'), objective: Type.String() }, tolerant),
	Type.Object({ kind: Type.Literal('role'), role: Type.String(), purpose: OptionalText }, tolerant),
])
export type WorkerIntent = Static<typeof WorkerIntentSchema>

/** Which profile is meant; it never holds the profile itself. */
export const ProfileSelectorSchema = Type.Union([
	Type.Object({ kind: Type.Literal('runtime_default'), value: Type.Optional(Type.Null()) }, tolerant),
	Type.Object({ kind: Type.Literal('builtin'), value: Type.String() }, tolerant),
	Type.Object({ kind: Type.Literal('named'), value: Type.String() }, tolerant),
])
export type ProfileSelector = Static<typeof ProfileSelectorSchema>

export const CapabilityRequestSchema = Type.Object({ name: Type.String(), reason: OptionalText }, tolerant)
export type CapabilityRequest = Static<typeof CapabilityRequestSchema>
export const WorkspaceRefSchema = Type.Object({ name: Type.String(), reference: Type.String() }, tolerant)
export const MountRefSchema = Type.Object({ name: Type.String(), reference: Type.String() }, tolerant)
/** Of a workspace or a mount. */
export type NamedReference = Static<typeof WorkspaceRefSchema>

export const WorkerRefSchema = Type.Object({ runtime_id: Type.String(), worker_id: Type.String() })
export type WorkerRef = Static<typeof WorkerRefSchema>

export const WorkerStatusSchema = Type.Union([Type.Literal('running'), Type.Literal('stopped'), Type.Literal('cancelled')])
export type WorkerStatus = Static<typeof WorkerStatusSchema>

export const RunStateSchema = oneOf('unconnected', 'idle', 'busy', 'rejected', 'errored', 'stopped')
export type RunState = 'unconnected' | 'idle' | 'busy' | 'rejected' | 'errored' | 'stopped'

/** What a backend made of one call. */
export const WorkerExecutionResultSchema = Type.Object({
	operation: oneOf('spawn', 'input', 'stop', 'cancel'),
	outcome: oneOf('accepted', 'busy', 'rejected', 'errored', 'unsupported'),
	run_state: RunStateSchema,
	message: Type.Optional(Type.String()),
})
export interface WorkerExecutionResult {
	readonly operation: 'spawn' | 'input' | 'stop' | 'cancel'
	readonly outcome: 'accepted' | 'busy' | 'rejected' | 'errored' | 'unsupported'
	readonly run_state: RunState
	readonly message?: string
}

export const WorkerExecutionStatusSchema = Type.Object({
	backend: Type.Union([Type.Literal('unconnected'), Type.Literal('connected')]),
	run_state: RunStateSchema,
	last_result: Type.Optional(WorkerExecutionResultSchema),
})
export interface WorkerExecutionStatus {
	readonly backend: 'unconnected' | 'connected'
	readonly run_state: RunState
	readonly last_result?: WorkerExecutionResult
}

const Count = Type.Integer({ minimum: 0 })

export const RuntimeSummarySchema = Type.Object({
	runtime_id: Type.String(),
	display_name: Type.Union([Type.String(), Type.Null()]),
	backend: Type.Union([Type.Literal('memory'), Type.Literal('fs_store')]),
	status: Type.Union([Type.Literal('running'), Type.Literal('stopped')]),
	worker_count: Count,
	active_worker_count: Count,
	stopped_worker_count: Count,
	cancelled_worker_count: Count,
	diagnostic_count: Count,
	limits: Type.Object({ max_transcript_projection_items: Count, max_event_batch_items: Count }),
})
export type RuntimeSummary = Static<typeof RuntimeSummarySchema>

/** A way to run workers, by the name that selects it. `reason` says what is missing where it is not available. */
export const RuntimeProfileSchema = Type.Object({
	name: Type.String(),
	available: Type.Boolean(),
	reason: Type.Optional(Type.String()),
})
export type RuntimeProfile = Static<typeof RuntimeProfileSchema>

/** `profiles` and `version` are ours. */
export const RuntimeHttpSummarySchema = Type.Object({
	runtime: RuntimeSummarySchema,
	profiles: Type.Array(RuntimeProfileSchema),
	version: Type.String(),
})

export const RuntimeEventSchema = Type.Object({
	id: Type.Integer({ examples: [1] }),
	worker_ref: Type.Optional(WorkerRefSchema),
	kind: Type.Object({ kind: Type.String() }, { examples: [{ kind: 'worker_created' }] }),
	message: Type.String(),
})
export type RuntimeEvent = Static<typeof RuntimeEventSchema>

/** A page of the runtime's own events, with the cursor to read on from. */
export const RuntimeEventBatchSchema = Type.Object({
	runtime_id: Type.String(),
	cursor: Type.Object({ runtime_id: Type.String(), next_event_id: Type.Integer() }),
	events: Type.Array(RuntimeEventSchema),
	has_more: Type.Boolean(),
})
export type RuntimeEventBatch = Static<typeof RuntimeEventBatchSchema>

export const RuntimeDiagnosticSchema = Type.Object({
	id: Type.Integer({ examples: [1] }),
	severity: oneOf('info', 'warning', 'error'),
	code: Type.String(),
	message: Type.String(),
	worker_ref: Type.Optional(WorkerRefSchema),
})
export interface RuntimeDiagnostic {
	readonly id: number
	readonly severity: 'info' | 'warning' | 'error'
	readonly code: string
	readonly message: string
	readonly worker_ref?: WorkerRef
}
