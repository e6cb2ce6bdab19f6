import type {
	Run,
	RunOptions,
	RunPhase,
	RunStatus,
	Seat,
	Step,
	StepFailure,
	StepStatus,
	Task,
	TaskAsked,
	TaskInput,
} from '../../../core/run/record.ts'
import { asRunId, asStepId, asTaskId } from '../../../kernel/id.ts'
import type { Json, JsonObject } from '../../../kernel/json.ts'
import type { WorkerStats } from '../../../protocol/output.ts'
import type { Values } from '../value.ts'

export interface TaskRow {
	readonly id: string
	readonly goal: string
	readonly blueprint_ref: string
	readonly init_ctx: string
	readonly task_input: string | null
	readonly asked: string | null
	readonly created_at: number
	readonly updated_at: number
}

export function toTask(row: TaskRow, values: Values): Task {
	return {
		id: asTaskId(row.id),
		goal: row.goal,
		blueprintRef: JSON.parse(row.blueprint_ref) as JsonObject,
		initCtx: values.unpack(row.init_ctx),
		taskInput: row.task_input === null ? undefined : (JSON.parse(row.task_input) as TaskInput),
		...(row.asked !== null && { asked: JSON.parse(row.asked) as TaskAsked }),
		createdAt: row.created_at,
		updatedAt: row.updated_at,
	}
}

export interface RunRow {
	readonly id: string
	readonly task_id: string
	readonly generation: number
	readonly status: string
	readonly phase: string
	readonly blueprint_id: string | null
	readonly blueprint_hash: string
	readonly bound_version: string | null
	readonly init_ctx: string
	readonly options: string
	readonly result: string | null
	readonly operator_sid: string | null
	readonly seat_generation: number
	readonly ttl_used_ms: number
	readonly position_scheme: number
	readonly created_at: number
	readonly updated_at: number
}

export interface SeatRow {
	readonly slot: string
	readonly op: string
	readonly descr: string
	readonly generation: number
}

export const toSeat = (row: SeatRow): Seat => ({ slot: row.slot, op: row.op, desc: row.descr, generation: row.generation })

export function toRun(row: RunRow, seats: readonly Seat[], values: Values): Run {
	return {
		id: asRunId(row.id),
		taskId: asTaskId(row.task_id),
		generation: row.generation,
		status: row.status as RunStatus,
		phase: row.phase as RunPhase,
		blueprintId: row.blueprint_id,
		blueprintHash: row.blueprint_hash,
		boundVersion: row.bound_version,
		initCtx: values.unpack(row.init_ctx),
		options: JSON.parse(row.options) as RunOptions,
		result: row.result === null ? null : values.unpack(row.result),
		operatorSid: row.operator_sid,
		seatGeneration: row.seat_generation,
		seats,
		ttlUsedMs: row.ttl_used_ms,
		positionScheme: row.position_scheme,
		createdAt: row.created_at,
		updatedAt: row.updated_at,
	}
}

export interface StepRow {
	readonly run_id: string
	readonly generation: number
	readonly position: string
	readonly step_id: string
	readonly ref: string
	readonly status: string
	readonly attempt: number
	readonly input_hash: string
	readonly prompt: string | null
	readonly value: string | null
	readonly error: string | null
	readonly stats: string | null
	readonly started_at: number
	readonly ended_at: number | null
}

export function toStep(row: StepRow, values: Values): Step {
	const unpack = (text: string | null): Json => (text === null ? null : values.unpack(text))
	return {
		stepId: asStepId(row.step_id),
		runId: asRunId(row.run_id),
		generation: row.generation,
		position: row.position,
		ref: row.ref,
		status: row.status as StepStatus,
		attempt: row.attempt,
		inputHash: row.input_hash,
		prompt: unpack(row.prompt),
		value: unpack(row.value),
		failure: row.error === null ? null : (JSON.parse(row.error) as StepFailure),
		stats: row.stats === null ? null : (JSON.parse(row.stats) as WorkerStats),
		startedAt: row.started_at,
		endedAt: row.ended_at,
	}
}
