import type { RunId, StepId, TaskId } from '../../kernel/id.ts'
import type { Json, JsonObject } from '../../kernel/json.ts'
import type { WorkerStats } from '../../protocol/output.ts'
import type { EventDraft } from '../event/event.ts'
import type { Fact } from './fact.ts'
import type { Run, RunOptions, RunPhase, RunStatus, Seat, Step, Task } from './record.ts'
import { noUsage, type Usage } from './usage.ts'

export interface RunQuery {
	readonly taskId?: TaskId | undefined
	readonly status?: RunStatus | undefined
	readonly blueprintId?: string | undefined
	readonly limit: number
	readonly offset: number
}

/** What a run's driver needs to go on: each recorded step and decision of the current generation. */
export interface RecordedJournal {
	readonly steps: readonly Step[]
	readonly decisions: ReadonlyMap<string, number>
	/** The newest attempt of each step still running. */
	readonly attempts: ReadonlyMap<StepId, RecordedAttempt>
	/** What the steps begun since `RunOptions.budgetSince` used up. */
	readonly used: Usage
}

export interface RecordedAttempt {
	readonly n: number
	/** False when it was ended in good order and the next one had not begun. */
	readonly open: boolean
	/** How many attempts of the step a server death has ended that counts towards a crash loop. */
	readonly lost: number
	/** Whether one that ends this attempt counts, too. */
	readonly isBlamed: boolean
	/** How many failed by themselves or by their timeout. */
	readonly failed: number
	/** When the next one begins; null when nothing waits for its time. */
	readonly wakeAt: number | null
	/** What all of them used up so far. */
	readonly used: Usage
}

/** The journal of a run that has none yet. */
export const emptyJournal: RecordedJournal = { steps: [], decisions: new Map(), attempts: new Map(), used: noUsage }

export interface StatusChange {
	readonly from: readonly RunStatus[]
	readonly to: RunStatus
	/** Written when given. */
	readonly result?: Json
	readonly phase?: RunPhase
	readonly events: readonly EventDraft[]
}

/**
 * Tasks, runs and their journals. Every method is one transaction; a promise resolves after COMMIT, reads see committed
 * state, `null` means absent, records are copies.
 */
export interface RunStore {
	// --- launch ---
	createTask(task: Task): Promise<void>
	/** Also writes the seats. */
	createRun(run: Run, events: readonly EventDraft[]): Promise<void>
	// --- the journal ---
	/** All of them or none. A function is asked as late as can be, and may be asked again. Does nothing for a generation that is closed. */
	record(run: Run, facts: readonly Fact[] | (() => readonly Fact[]), ttlUsedMs: number): Promise<void>
	journal(runId: RunId, generation: number): Promise<RecordedJournal>
	setPhase(runId: RunId, phase: RunPhase): Promise<void>
	/** Compare-and-set; false when the status was none of `from`, and nothing is written. */
	changeStatus(runId: RunId, change: StatusChange): Promise<boolean>
	/** Facts that change nothing but are worth telling. */
	append(events: readonly EventDraft[]): Promise<void>
	/** Compare-and-set on status and generation; false when somebody was quicker, and nothing is written. */
	openGeneration(runId: RunId, opening: GenerationOpening): Promise<boolean>
	// --- seats: each change takes the run's next seat generation ---
	/**
	 * Gives a seat to `op`. What was asked of the holder before is withdrawn and its attempts end as displaced, but for
	 * those with a Final on disk, which decides.
	 */
	assignSeat(runId: RunId, slot: string, op: string, desc: string, source: SeatSource): Promise<SeatAssigned>
	// --- reading ---
	task(id: TaskId): Promise<Task | null>
	/** Lists say what cannot be read (`damage`); a task or run read alone throws `internal` with code `storage_damaged`. */
	tasks(limit: number | undefined): Promise<readonly Task[]>
	taskStatus(id: TaskId): Promise<RunStatus>
	run(id: RunId): Promise<Run | null>
	/** As lists have it, for whoever shows or ends a run and needs none of its values. */
	listed(id: RunId): Promise<Run | null>
	runs(query: RunQuery): Promise<readonly Run[]>
	runsOfTask(taskId: TaskId): Promise<readonly Run[]>
	/** Oldest first. Ids alone, so that one whose values cannot be read does not stand before the others. */
	unfinished(): Promise<readonly RunId[]>
	/** Runs that workers of a run started, and that have not ended. */
	unfinishedChildren(parent: RunId): Promise<readonly RunId[]>
	/** Runs that have not ended, but whose parent was cancelled. */
	orphans(): Promise<readonly { readonly id: RunId; readonly parent: RunId }[]>
	/** Runs that are done or failed, with audits of theirs still open. */
	endedWithAudits(): Promise<readonly RunId[]>
	countByStatus(status: RunStatus): Promise<number>
	/** The steps of its flow, in the order of their making; audits are none. Of the present generation unless another is named. */
	steps(runId: RunId, generation?: number): Promise<readonly Step[]>
	step(id: StepId): Promise<Step | null>
	/** What the worker of an attempt reported of itself so far. */
	attemptStats(stepId: StepId, n: number): Promise<WorkerStats | null>
	/** Generations that rerun-from closed, oldest first. */
	closedGenerations(runId: RunId): Promise<readonly ClosedGeneration[]>
	/** In the order they were reported; of one attempt alone where it is named. */
	degradations(runId: RunId, attempt?: { readonly stepId: StepId; readonly n: number }): Promise<readonly JsonObject[]>
	deleteRun(id: RunId): Promise<boolean>
}

export interface SeatAssigned {
	readonly seat: Seat
	readonly previous: Seat | null
	/** How many requests of the previous holder were withdrawn. */
	readonly discarded: number
}

/** What the next generation of an ended run leaves out of its journal, and what else is new about it. */
export interface GenerationOpening {
	readonly from: readonly RunStatus[]
	/** The generation it follows. */
	readonly generation: number
	readonly dropSteps: readonly StepId[]
	readonly dropDecisions: readonly string[]
	readonly options: RunOptions
	readonly events: readonly EventDraft[]
}

export interface ClosedGeneration {
	readonly generation: number
	readonly status: RunStatus
	readonly result: Json
	readonly closedAt: number
}

export type SeatSource = 'launch_pin' | 'auto_seat' | 'acquire' | 'fall_through'
