import type { RuntimeDiagnostic, RuntimeEvent, WorkerExecutionResult, WorkerExecutionStatus, WorkerStatus } from '../../protocol/runtime.ts'
import type { ConfigBundle } from '../../protocol/runtime-bundle.ts'
import type { ProtocolEvent } from '../../protocol/runtime-frame.ts'
import type { CreateWorker, WorkerInput } from '../../protocol/runtime-worker.ts'
import type { CursorBounds } from './cursor.ts'
import type { DiagnosticDraft, Observation, TranscriptLine, WorkerRecord } from './worker.ts'

export interface NewWorker {
	readonly id: string
	readonly request: CreateWorker
	readonly profile: string
	readonly execution: WorkerExecutionStatus
	/** Whoever creates with a key twice gets the first one while it runs; the fingerprint tells whether both meant the same. */
	readonly key?: { readonly name: string; readonly fingerprint: string } | undefined
}

export interface WorkerFilter {
	readonly status?: WorkerStatus | undefined
	readonly profile?: string | undefined
	readonly after?: string | undefined
	readonly limit?: number | undefined
}

/** What a change of a worker's life came to: the record after it, and the runtime event that tells it. */
export interface Acked {
	readonly record: WorkerRecord
	readonly eventId: number
}

/** The runtime's own events and diagnostics have ids of their own; `worker` of one is the worker's id. */
export type StoredEvent = Pick<RuntimeEvent, 'id' | 'message'> & { readonly kind: string; readonly workerId: string | null }
export type StoredDiagnostic = Omit<RuntimeDiagnostic, 'worker_ref'> & { readonly workerId: string | null }

/** Workers, what was said to and by them, and the bundles they are made of. Each method is one transaction. */
export interface WorkerStore {
	/** Records once and for all that the runtime exists. */
	open(): Promise<void>
	nextId(): Promise<string>
	create(worker: NewWorker): Promise<WorkerRecord>
	byKey(name: string): Promise<{ readonly record: WorkerRecord; readonly fingerprint: string } | null>
	find(id: string): Promise<WorkerRecord | null>
	/** Running workers whose key begins so. */
	runningWithKey(prefix: string): Promise<readonly { readonly id: string; readonly key: string }[]>
	/** By id. */
	list(filter: WorkerFilter): Promise<readonly WorkerRecord[]>
	counts(): Promise<{ readonly [S in WorkerStatus]: number } & { readonly diagnostics: number }>

	/** Null when the worker is not running, or is of another generation: nothing was written. */
	acceptInput(
		id: string,
		generation: number,
		input: WorkerInput,
		result: WorkerExecutionResult,
	): Promise<(Acked & { readonly sequence: number }) | null>
	/** The run state stays: a refusal does not change what the worker does. */
	recordRefusal(id: string, result: WorkerExecutionResult): Promise<void>
	/** Compare-and-set: the first end stands, and is what comes back from later ones. Null for an unknown worker. */
	end(id: string, status: 'stopped' | 'cancelled', result: WorkerExecutionResult | null, reason: string | null): Promise<Acked | null>
	/** A new start of its execution; resolves to the new generation. Null when the worker is not running. */
	beginGeneration(id: string): Promise<number | null>
	setExecution(id: string, generation: number, execution: WorkerExecutionStatus): Promise<void>
	/** False when there was none. */
	remove(id: string): Promise<boolean>

	/** Null when the worker is not running or has begun a later generation: nobody hears it. */
	publish(id: string, generation: number, event: ProtocolEvent): Promise<Observation | null>
	/** The newest observation of that worker that is kept, 0 without one. */
	newestObservation(id: string): Promise<number>
	observationBounds(id: string): Promise<CursorBounds>
	/** The place in the one log after which observations above the sequence come. */
	logPosition(sequence: number): Promise<number>

	transcript(id: string, start: number, limit: number): Promise<{ readonly total: number; readonly lines: readonly TranscriptLine[] }>
	events(after: number, limit: number): Promise<readonly StoredEvent[]>
	diagnostics(after: number, limit: number): Promise<readonly StoredDiagnostic[]>
	addDiagnostic(draft: DiagnosticDraft, workerId: string | null): Promise<void>

	putBundle(bundle: ConfigBundle): Promise<void>
	bundle(id: string): Promise<ConfigBundle | null>
	/** By id. */
	bundles(): Promise<readonly ConfigBundle[]>
}
