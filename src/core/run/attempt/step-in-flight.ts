import type { Clock } from '../../../kernel/clock.ts'
import type { StepId } from '../../../kernel/id.ts'
import type { Json } from '../../../kernel/json.ts'
import type { Logger } from '../../../kernel/log.ts'
import type { AgentContext } from '../../dispatch/backend.ts'
import type { OutputStore } from '../../output/store.ts'
import type { TraceparentOf } from '../../trace/context.ts'
import type { StepApprovals } from '../approvals.ts'
import type { InFlight } from '../in-flight.ts'
import type { Journal } from '../journal.ts'
import type { OpenSteps } from '../open-steps.ts'
import type { PauseGate } from '../pause-gate.ts'
import type { Run } from '../record.ts'
import type { Standing } from '../standing.ts'
import type { RecordedAttempt, RunStore } from '../store.ts'
import type { WorkTimer } from '../ttl.ts'
import type { RunBudget } from './budget.ts'

/** What the steps of one run share. */
export interface AttemptDeps {
	readonly run: Run
	readonly runs: RunStore
	readonly log: Logger
	readonly journal: Journal
	readonly outputs: OutputStore
	readonly clock: Clock
	readonly timer: WorkTimer
	readonly gate: PauseGate
	/** Absent for a run without one. */
	readonly budget: RunBudget | undefined
	readonly open: OpenSteps
	readonly standing: Pick<Standing, 'set'>
	readonly approvals?: StepApprovals | undefined
	readonly traceparentOf?: TraceparentOf | undefined
	/** Of all runs of this process. */
	readonly inFlight: InFlight
	/** Names this data directory in the marker of child processes. */
	readonly dataDirId: string
	readonly tokenSecret: Uint8Array
	readonly tokenTtlSecs: number
	/** So many server deaths during one step make a crash loop. */
	readonly recoveryMax: number
	/** Milliseconds at work after which they are forgotten; 0 for never. */
	readonly recoveryResetMs: number
	readonly limits: { readonly ctxBytes: number }
	readonly attempts: ReadonlyMap<StepId, RecordedAttempt>
	/** Stops the whole run as interrupted; the run's signal has fired when it returns. */
	interrupt(code: string, message: string): void
	/** What the storage did to an attempt is no outcome of its step: true when it was that, and the run's signal has fired. */
	lostStorage(error: unknown): boolean
}

export interface StepInFlight {
	readonly stepId: StepId
	readonly position: string
	readonly ref: string
	readonly inputHash: string
	readonly prompt: Json
	readonly context: AgentContext
	readonly startedAt: number
	readonly signal: AbortSignal
}
