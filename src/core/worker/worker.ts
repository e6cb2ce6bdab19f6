import type { RuntimeDiagnostic, WorkerExecutionStatus, WorkerStatus } from '../../protocol/runtime.ts'
import type { ProtocolEvent } from '../../protocol/runtime-frame.ts'
import type { CreateWorker, WorkerInput } from '../../protocol/runtime-worker.ts'

/** A long-lived worker as it stands on disk. Times are milliseconds. */
export interface WorkerRecord {
	/** `worker-` and 8 hex; never used again. */
	readonly id: string
	readonly status: WorkerStatus
	readonly request: CreateWorker
	/** The profile that runs it, by its whole name. */
	readonly profile: string
	readonly execution: WorkerExecutionStatus
	/** Grows with every start of its execution; what an earlier one still says is not heard. */
	readonly generation: number
	readonly transcriptLength: number
	/** Place of the last turn in the transcript, 0 before the first. */
	readonly turn: number
	readonly lastEventId: number
	readonly createdAt: number
	readonly updatedAt: number
}

/** One line of a worker's transcript. `sequence` counts from 1 without gaps. */
export interface TranscriptLine {
	readonly sequence: number
	readonly role: 'user' | 'assistant' | 'system'
	readonly content: string
	readonly eventId: number
	/** Ids on the data plane. */
	readonly attachments?: readonly string[]
}

/** One thing a worker told, with its place among all of the runtime. */
export interface Observation {
	readonly sequence: number
	readonly workerId: string
	readonly payload: ProtocolEvent
}

export type DiagnosticDraft = Pick<RuntimeDiagnostic, 'severity' | 'code' | 'message'>

/** An accepted turn as its observers see it: text, and a reference for each attachment. */
export function inputEvent({ kind, content, attachments = [] }: WorkerInput): ProtocolEvent {
	if (kind === 'system') return { event: 'system_item', data: { item: { kind: 'embedded_worker_system_input', content } } }
	const files = attachments.map((id) => ({ kind: 'file_ref', path: `/v1/data/${id}` }))
	return { event: 'user_message', data: { segments: [{ kind: 'text', content }, ...files] } }
}

/** What an operator of the server should know about a new worker. */
export function creationDiagnostics({ config_bundle, requested_capabilities = [] }: CreateWorker): readonly DiagnosticDraft[] {
	return [...(config_bundle ? [] : [LOCAL_DEFAULTS]), ...(requested_capabilities.length > 0 ? [] : [TOOLS_LESS])]
}

const LOCAL_DEFAULTS: DiagnosticDraft = {
	severity: 'info',
	code: 'runtime.local_default_resources',
	message: 'worker created without ConfigBundleRef; runtime-local defaults are assumed',
}
const TOOLS_LESS: DiagnosticDraft = {
	severity: 'info',
	code: 'worker.tools_less',
	message: 'worker created without requested capabilities; it has no tools',
}
