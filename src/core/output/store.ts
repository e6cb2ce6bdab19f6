import type { OutputId, RunId, StepId } from '../../kernel/id.ts'
import type { OutputEvent } from '../../protocol/output.ts'

/**
 * `tail`: what the worker of an attempt said about it; its last Final decides the step. `data`: bodies that workers put
 * down for one another; they never decide anything.
 */
export type OutputPlane = 'tail' | 'data'

export interface NewOutput {
	readonly plane: OutputPlane
	readonly runId: RunId | null
	readonly stepId: StepId
	readonly attempt: number
	/** Agent name, or the name the body is addressed by. */
	readonly producer: string
	readonly event: OutputEvent
	readonly parentRefs: readonly string[]
}

export interface OutputRecord extends NewOutput {
	readonly id: OutputId
	readonly at: number
}

/** Both planes. Ids are unguessable enough to be addresses, not secrets. `null` means absent; lists are in order of arrival. */
export interface OutputStore {
	append(output: NewOutput): Promise<OutputRecord>
	/**
	 * Appends only while the attempt still runs, checked in the same transaction; `null` when it has ended. So what a worker
	 * is told was accepted can never arrive after the outcome.
	 */
	appendWhileRunning(output: NewOutput): Promise<OutputRecord | null>
	/** A record of the data plane. */
	get(id: OutputId): Promise<OutputRecord | null>
	/** Newest data record of that producer in the run, or process-wide when `runId` is null. */
	latestByName(name: string, runId: RunId | null): Promise<OutputRecord | null>
	/** How many bodies an attempt put down; progress and partial text in its tail do not count. */
	countForAttempt(stepId: StepId, attempt: number, plane: OutputPlane): Promise<number>
	listForAttempt(stepId: StepId, attempt: number, plane: OutputPlane): Promise<readonly OutputRecord[]>
	/**
	 * The tail that decides the attempt: from now on `appendWhileRunning` takes nothing more of it, so that nothing is acknowledged
	 * that could not count.
	 */
	closeTail(stepId: StepId, attempt: number): Promise<readonly OutputRecord[]>
	/** The end of the attempt is on disk, or could not be written: its status alone says again whether it takes something. */
	releaseTail(stepId: StepId, attempt: number): void
}
