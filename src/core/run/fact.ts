import type { StepId } from '../../kernel/id.ts'
import type { Json } from '../../kernel/json.ts'
import type { WorkerStats } from '../../protocol/output.ts'
import type { AgentContext } from '../dispatch/backend.ts'
import type { Remark } from '../layer/layer.ts'
import type { StepFailure, StepStatus } from './record.ts'

/**
 * What a run's driver writes to its journal. The store applies each fact and appends its event in one transaction, in
 * order; the facts of one event-loop turn are never split.
 */
export type Fact =
	| StepBegan
	| AttemptBegan
	| BlameChanged
	| AttemptEnded
	| RetryScheduled
	| StepSettled
	| LaneDecided
	| InputChanged
	| Remarked

export interface StepBegan {
	readonly kind: 'step_began'
	readonly stepId: StepId
	readonly position: string
	readonly ref: string
	readonly inputHash: string
	readonly prompt: Json
	/** 1 when the first attempt begins with its step, and then has a row of its own only if it does not end its step. */
	readonly attempt: 0 | 1
	/** Of that attempt. */
	readonly backend?: string
	readonly at: number
}

export interface AttemptBegan {
	readonly kind: 'attempt_began'
	readonly stepId: StepId
	readonly n: number
	readonly ref: string
	readonly backend: string
	readonly system: string | null
	readonly context: AgentContext
	/** Fingerprints of the credentials, for those that come back with them. */
	readonly tokenFp: string | null
	readonly handleHash: string | null
	readonly at: number
}

/** Whether a death of the server from now on counts for that attempt; `step`: nor do the deaths of its step before. It has no event. */
export interface BlameChanged {
	readonly kind: 'blame_changed'
	readonly stepId: StepId
	readonly n: number
	readonly backend: string
	readonly who: 'attempt' | 'step'
	readonly blamed: boolean
}

export interface AttemptEnded {
	readonly kind: 'attempt_ended'
	readonly stepId: StepId
	readonly n: number
	readonly backend: string
	readonly status: 'finished' | 'failed' | 'cancelled' | 'lost' | 'displaced'
	readonly failure: StepFailure | null
	readonly stats: WorkerStats | null
	readonly at: number
}

/** Attempt `n` failed and the next one begins at `wakeAt`, in this life of the server or another. */
export interface RetryScheduled {
	readonly kind: 'retry_scheduled'
	readonly stepId: StepId
	readonly ref: string
	readonly n: number
	readonly wakeAt: number
	readonly failure: StepFailure
	readonly at: number
}

/** An outcome. For a pure function it is the whole of the step: there is no `step_began` before it. */
export interface StepSettled {
	readonly kind: 'step_settled'
	readonly stepId: StepId
	readonly position: string
	readonly ref: string
	readonly inputHash: string
	readonly attempt: number
	readonly status: Exclude<StepStatus, 'running'>
	readonly value: Json
	readonly failure: StepFailure | null
	readonly stats: WorkerStats | null
	readonly startedAt: number
	readonly at: number
	/** The step of another run whose outcome this repeats. */
	readonly copiedFrom?: StepId
}

/** The lane that decided a fan-out, in the transaction of the outcome that made it so. */
export interface LaneDecided {
	readonly kind: 'lane_decided'
	readonly position: string
	readonly lane: number
}

/** A resumed run gave a recorded step another input than before; reported, the recorded outcome stands. */
export interface InputChanged {
	readonly kind: 'input_changed'
	readonly stepId: StepId
	readonly position: string
}

/** Something worth an event that changes nothing. */
export interface Remarked extends Remark {
	readonly kind: 'remarked'
}
