import type { WorkerRecord } from '../../../core/worker/worker.ts'
import type { RunState, WorkerExecutionResult, WorkerStatus } from '../../../protocol/runtime.ts'
import type { CreateWorker } from '../../../protocol/runtime-worker.ts'

export interface WorkerRow {
	readonly id: string
	readonly status: string
	readonly request: string
	readonly profile: string
	readonly connected: number
	readonly run_state: string
	readonly last_result: string | null
	readonly generation: number
	readonly transcript_length: number
	readonly turn: number
	readonly last_event_id: number
	readonly observations: number
	readonly trimmed_through: number
	readonly key: string | null
	readonly fingerprint: string | null
	readonly created_at: number
	readonly updated_at: number
}

export function toWorker(row: WorkerRow): WorkerRecord {
	return {
		id: row.id,
		status: row.status as WorkerStatus,
		request: JSON.parse(row.request) as CreateWorker,
		profile: row.profile,
		execution: {
			backend: row.connected ? 'connected' : 'unconnected',
			run_state: row.run_state as RunState,
			...(row.last_result !== null && { last_result: JSON.parse(row.last_result) as WorkerExecutionResult }),
		},
		generation: row.generation,
		transcriptLength: row.transcript_length,
		turn: row.turn,
		lastEventId: row.last_event_id,
		createdAt: row.created_at,
		updatedAt: row.updated_at,
	}
}
