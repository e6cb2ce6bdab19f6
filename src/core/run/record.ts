import type { RunId, StepId, TaskId } from '../../kernel/id.ts'
import type { Json, JsonObject } from '../../kernel/json.ts'
import type { BindingAttestation } from '../../protocol/operator.ts'
import type { WorkerStats } from '../../protocol/output.ts'
import type { RunPolicy } from '../../protocol/policy.ts'

/** Upstream's six words. `done`, `failed` and `cancelled` are final; only rerun-from leaves them, as a new generation. */
export type RunStatus = 'pending' | 'running' | 'done' | 'failed' | 'interrupted' | 'cancelled'
/** What an unfinished run is doing, in our words. */
export type RunPhase = 'running' | 'waiting' | 'waiting_approval' | 'paused' | 'parked'

export const isTerminal = (status: RunStatus): boolean => status === 'done' || status === 'failed' || status === 'cancelled'

/** A request to run a Blueprint. `blueprintRef` is the reference as the client sent it, an inline document replaced by its hash. */
export interface Task {
	readonly id: TaskId
	readonly goal: string
	readonly blueprintRef: JsonObject
	readonly initCtx: Json
	readonly taskInput: TaskInput | undefined
	/** What its launch asked for beyond that, for every later kick. */
	readonly asked?: TaskAsked
	/** Of a task in a list whose `initCtx` cannot be read, and is null: why. */
	readonly damage?: string
	readonly createdAt: number
	readonly updatedAt: number
}

/** The parts of a launch that a re-kick repeats unless it says otherwise. The operator's sid belongs to one run alone. */
export interface TaskAsked {
	readonly ttlSecs?: number
	readonly checkPolicy?: 'silent' | 'warn' | 'strict'
	readonly runPolicy?: RunPolicy
	readonly operator?: LaunchOperator
}

export interface TaskInput {
	readonly project_root?: string
	readonly work_dir?: string
	readonly task_metadata?: Json
}

/** How a run was launched; fixed for its life and kept for its recovery. */
export interface RunOptions {
	readonly detached: boolean
	/** A time to live that ends the run, in milliseconds of work; absent when nobody asked for one. */
	readonly ttlMs?: number
	readonly taskInput?: TaskInput
	readonly checkPolicy?: 'silent' | 'warn' | 'strict'
	/** The operator whom the launch named, and the faces it asked for (mlua-swarm 0.1.0). */
	readonly operator?: LaunchOperator
	/** What the manifest of the launch's operator proved of the agents. */
	readonly attestations?: { readonly [agent: string]: BindingAttestation }
	/** Agents of which that manifest proved nothing, though it was there. */
	readonly unattested?: readonly string[]
	/** Limits of the run as a whole, as they were decided at its launch. */
	readonly runPolicy?: RunPolicy
	/** When its budget began, where that was not with the run itself: rerun-from begins it anew. */
	readonly budgetSince?: number
	/** What rerun-from gave some steps in place of their own input, by position. */
	readonly inputs?: { readonly [position: string]: Json }
	/** The attempt whose worker asked for the run. */
	readonly parent?: { readonly runId: RunId; readonly stepId: StepId }
	/** How many runs there are above it; absent for none. */
	readonly depth?: number
	/** The span of whoever launched it (W3C Trace Context), which its first generation is a part of. */
	readonly traceparent?: string
	/** True when the launch followed 0.1.0: `operator_sid` without desc and slot. */
	readonly legacyOperator?: boolean
}

export interface LaunchOperator {
	readonly sid?: string
	readonly id?: string
	readonly kind?: 'main_ai' | 'automate' | 'composite'
	readonly perAgentKinds?: { readonly [agent: string]: 'main_ai' | 'automate' | 'composite' }
	readonly hookId?: string
	readonly bridgeId?: string
	readonly backendId?: string
}

export interface Run {
	readonly id: RunId
	readonly taskId: TaskId
	/** Counts from 1; rerun-from opens the next one and keeps the old. */
	readonly generation: number
	readonly status: RunStatus
	readonly phase: RunPhase
	readonly blueprintId: string | null
	/** Hash of the pinned commit. */
	readonly blueprintHash: string
	/** What the launch resolved a reference to; null for an inline Blueprint. */
	readonly boundVersion: string | null
	readonly initCtx: Json
	readonly options: RunOptions
	/** Final ctx, or the structured failure; null while unfinished. */
	readonly result: Json
	readonly operatorSid: string | null
	/** The last seat generation given out; every assign and release takes the next. */
	readonly seatGeneration: number
	readonly seats: readonly Seat[]
	readonly ttlUsedMs: number
	readonly positionScheme: number
	/** Of a run in a list whose values cannot be read, and are null: why. */
	readonly damage?: string
	readonly createdAt: number
	readonly updatedAt: number
}

/** Who answers for a declared operator of a run's Blueprint. */
export interface Seat {
	readonly slot: string
	readonly op: string
	readonly desc: string
	readonly generation: number
}

export type StepStatus = 'running' | 'passed' | 'blocked' | 'failed' | 'skipped' | 'cancelled'

/** Why a step failed, as data; never a stack. */
export interface StepFailure {
	readonly code: string
	readonly message: string
}

/** A journal row: one dispatch of a step node. While `running`, its attempt `attempt` is in flight. */
export interface Step {
	readonly stepId: StepId
	readonly runId: RunId
	readonly generation: number
	readonly position: string
	readonly ref: string
	readonly status: StepStatus
	readonly attempt: number
	readonly inputHash: string
	/** The prompt; null for pure functions, which need none again. */
	readonly prompt: Json
	/** The step's value once passed, blocked or skipped. */
	readonly value: Json
	readonly failure: StepFailure | null
	readonly stats: WorkerStats | null
	readonly startedAt: number
	readonly endedAt: number | null
}
