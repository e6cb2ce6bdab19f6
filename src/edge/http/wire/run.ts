import type { DigestOf } from '../../../core/run/bindings.ts'
import { isTerminal, type Run, type RunPhase, type Seat, type Step } from '../../../core/run/record.ts'
import { workLimit } from '../../../core/run/ttl.ts'
import type { JsonObject } from '../../../kernel/json.ts'
import type { Damage, Holder, OpenApproval, RunRecord, StepEntry } from '../../../protocol/run.ts'
import { toSeconds } from './seconds.ts'

/** All that is shown of a run. */
export interface RunView {
	readonly run: Run
	/** What the supervisor says of an unfinished one. */
	readonly phase: RunPhase
	readonly steps: readonly Step[]
	readonly degradations: readonly JsonObject[]
	readonly digestOf: DigestOf
	/** Those it waits for. */
	readonly approvals: readonly OpenApproval[]
}

/** A run as mlua-swarm 0.26.0 shows it. */
export function toRunRecord({ run, phase, steps, degradations, digestOf, approvals }: RunView): RunRecord {
	const limit = workLimit(run.options)
	return {
		id: run.id,
		task_id: run.taskId,
		status: run.status,
		phase: isTerminal(run.status) || run.status === 'interrupted' ? null : phase,
		step_entries: steps.map((step) => toStepEntry(step, digestOf)),
		...(approvals.length > 0 && { approvals: [...approvals] }),
		...(degradations.length > 0 && { degradations: [...degradations] }),
		operator_sid: run.operatorSid,
		current: Object.fromEntries(run.seats.map((seat) => [seat.slot, toHolder(seat)])),
		next_generation: run.seatGeneration,
		result_ref: run.result,
		generation: run.generation,
		blueprint_id: run.blueprintId,
		version: run.blueprintHash,
		created_at: toSeconds(run.createdAt),
		updated_at: toSeconds(run.updatedAt),
		...(run.options.parent && { parent: { run_id: run.options.parent.runId, step_id: run.options.parent.stepId } }),
		...(run.options.depth !== undefined && { depth: run.options.depth }),
		...(limit && { work_limit: { ms: limit.ms, used_ms: Math.floor(run.ttlUsedMs) } }),
		...(run.damage !== undefined && { error: toDamage(run.damage) }),
	}
}

export const toDamage = (message: string): Damage => ({ code: 'storage_damaged', message })

export function toStepEntry(step: Step, digestOf: DigestOf): StepEntry {
	const ended = step.endedAt !== null
	const digest = digestOf(step.ref)
	return {
		step_id: step.stepId,
		step_ref: step.ref,
		status: step.status === 'running' ? null : step.status,
		...(digest !== undefined && { binding_digest: digest }),
		at: toSeconds(step.endedAt ?? step.startedAt),
		attempt: step.attempt,
		started_at_ms: step.startedAt,
		...(ended && { completed_at_ms: step.endedAt, duration_ms: step.endedAt - step.startedAt }),
		...step.stats,
		position: step.position,
		...(step.failure && { error: { code: step.failure.code, message: step.failure.message } }),
	}
}

export function toHolder({ op, desc, generation }: Seat): Holder {
	return { op, desc, gen: generation }
}
