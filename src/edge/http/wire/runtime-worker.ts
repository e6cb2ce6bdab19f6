import type { Acked, StoredDiagnostic, StoredEvent } from '../../../core/worker/store.ts'
import type { TranscriptLine, WorkerRecord } from '../../../core/worker/worker.ts'
import type {
	CapabilityRequest,
	NamedReference,
	ProfileSelector,
	RuntimeDiagnostic,
	RuntimeEvent,
	WorkerIntent,
	WorkerRef,
} from '../../../protocol/runtime.ts'
import type { TranscriptEntry, WorkerDetail, WorkerLifecycleAck, WorkerSummary } from '../../../protocol/runtime-worker.ts'

// The order of keys is that of yoi's worker-runtime; what is ours comes last.

export const toRef = (runtimeId: string, workerId: string): WorkerRef => ({ runtime_id: runtimeId, worker_id: workerId })

export function toSummaryRow(runtimeId: string, record: WorkerRecord): WorkerSummary {
	const { id, status, execution, request } = record
	return {
		worker_ref: toRef(runtimeId, id),
		...{ runtime_id: runtimeId, worker_id: id, status, execution },
		...{ intent: toIntent(request.intent), profile: toSelector(request.profile) },
		requested_capability_count: request.requested_capabilities?.length ?? 0,
		has_config_bundle: Boolean(request.config_bundle),
		...tail(record),
	}
}

export function toDetail(runtimeId: string, record: WorkerRecord): WorkerDetail {
	const { id, status, execution, request } = record
	const {
		config_bundle: bundle,
		requested_capabilities: capabilities = [],
		workspace_refs: workspaces = [],
		mount_refs: mounts = [],
	} = request
	return {
		worker_ref: toRef(runtimeId, id),
		...{ runtime_id: runtimeId, worker_id: id, status, execution },
		...{ intent: toIntent(request.intent), profile: toSelector(request.profile) },
		...(bundle && { config_bundle: { id: bundle.id, digest: bundle.digest } }),
		...(capabilities.length > 0 && { requested_capabilities: capabilities.map(toCapability) }),
		...(workspaces.length > 0 && { workspace_refs: workspaces.map(toNamed) }),
		...(mounts.length > 0 && { mount_refs: mounts.map(toNamed) }),
		...tail(record),
	}
}

export const toAck = (runtimeId: string, { record, eventId }: Acked): WorkerLifecycleAck => ({
	...{ worker_ref: toRef(runtimeId, record.id), status: record.status, event_id: eventId },
})

export const toEntry = (runtimeId: string, workerId: string, line: TranscriptLine): TranscriptEntry => ({
	...{ sequence: line.sequence, worker_ref: toRef(runtimeId, workerId), role: line.role, content: line.content, event_id: line.eventId },
	...(line.attachments && { attachments: [...line.attachments] }),
})

export const toRuntimeEvent = (runtimeId: string, { id, kind, workerId, message }: StoredEvent): RuntimeEvent => ({
	...{ id, ...(workerId !== null && { worker_ref: toRef(runtimeId, workerId) }), kind: { kind }, message },
})

export const toDiagnostic = (runtimeId: string, { id, severity, code, message, workerId }: StoredDiagnostic): RuntimeDiagnostic => ({
	...{ id, severity, code, message, ...(workerId !== null && { worker_ref: toRef(runtimeId, workerId) }) },
})

function tail({ request, profile, transcriptLength, lastEventId, createdAt, updatedAt }: WorkerRecord) {
	return {
		...{ transcript_len: transcriptLength, last_event_id: lastEventId, backend_profile: profile },
		...(request.display_name && { display_name: request.display_name }),
		...{ created_at: createdAt, updated_at: updatedAt },
	}
}

// What clients sent is told member by member: in the order of keys of upstream, nulls and keys that it does not know left out.

function toIntent(intent: WorkerIntent): WorkerIntent {
	if (intent.kind === 'task') return { kind: 'task', objective: intent.objective }
	const purpose = typeof intent.purpose === 'string' ? { purpose: intent.purpose } : {}
	return intent.kind === 'role' ? { kind: 'role', role: intent.role, ...purpose } : { kind: 'assistant', ...purpose }
}

function toSelector(profile: ProfileSelector): ProfileSelector {
	return profile.kind === 'runtime_default' ? { kind: profile.kind } : { kind: profile.kind, value: profile.value }
}

const toCapability = ({ name, reason }: CapabilityRequest): CapabilityRequest => ({ name, ...(typeof reason === 'string' && { reason }) })

const toNamed = ({ name, reference }: NamedReference): NamedReference => ({ name, reference })
