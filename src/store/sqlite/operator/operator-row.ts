import type { OperatorRequest, OperatorSession, RequestKind, RequestState, SeatGiven } from '../../../core/operator/store.ts'
import type { RunOptions } from '../../../core/run/record.ts'
import { asRequestId, asRunId, asSessionId, asStepId, asTaskId } from '../../../kernel/id.ts'
import type { JsonObject } from '../../../kernel/json.ts'
import type { Values } from '../value.ts'

export interface SessionRow {
	readonly sid: string
	readonly token_digest: string
	readonly descr: string | null
	readonly capability_manifest: string | null
	readonly scope: string | null
	readonly joined_at: number
	readonly last_access_at: number
}

export function toSession(row: SessionRow, roles: readonly string[]): OperatorSession {
	return {
		sid: asSessionId(row.sid),
		tokenDigest: row.token_digest,
		roles,
		desc: row.descr,
		capabilityManifest: row.capability_manifest === null ? null : (JSON.parse(row.capability_manifest) as JsonObject),
		scope: row.scope === null ? null : (JSON.parse(row.scope) as { blueprints: string[] }),
		joinedAt: row.joined_at,
		lastAccessAt: row.last_access_at,
	}
}

export interface SeatGivenRow {
	readonly run_id: string
	readonly slot: string
	readonly at: number
	readonly goal: string
	readonly options: string
}

export function toSeatGiven(row: SeatGivenRow): SeatGiven {
	const { taskInput } = JSON.parse(row.options) as RunOptions
	return {
		runId: asRunId(row.run_id),
		slot: row.slot,
		goal: row.goal,
		projectRoot: taskInput?.project_root ?? null,
		workDir: taskInput?.work_dir ?? null,
		taskMetadata: taskInput?.task_metadata ?? null,
		at: row.at,
	}
}

export interface RequestRow {
	readonly req_id: string
	readonly kind: string
	readonly state: string
	readonly sid: string | null
	readonly slot: string | null
	readonly seat_generation: number | null
	readonly run_id: string
	readonly task_id: string
	readonly step_id: string
	readonly attempt: number
	readonly frame: string
	readonly reply: string | null
	readonly created_at: number
	readonly deadline_at: number
	readonly ended_at: number | null
}

export function toRequest(row: RequestRow, values: Values): OperatorRequest {
	return {
		reqId: asRequestId(row.req_id),
		kind: row.kind as RequestKind,
		state: row.state as RequestState,
		sid: row.sid === null ? null : asSessionId(row.sid),
		slot: row.slot,
		seatGeneration: row.seat_generation,
		runId: asRunId(row.run_id),
		taskId: asTaskId(row.task_id),
		stepId: asStepId(row.step_id),
		attempt: row.attempt,
		frame: values.unpack(row.frame) as JsonObject,
		reply: row.reply === null ? null : values.unpack(row.reply),
		createdAt: row.created_at,
		deadlineAt: row.deadline_at,
		endedAt: row.ended_at,
	}
}
