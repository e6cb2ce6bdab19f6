import type { RunId, StepId, TaskId } from '../../kernel/id.ts'
import type { Json } from '../../kernel/json.ts'
import type { Policy } from '../../protocol/policy.ts'
import type { StepFailure } from './record.ts'

export type ApprovePolicy = NonNullable<Policy['approve']>

/** What is asked before a step. */
export interface StepQuestion {
	readonly runId: RunId
	readonly taskId: TaskId
	readonly stepId: StepId
	/** Of the question: a child of the step's. */
	readonly position: string
	readonly ref: string
	readonly prompt: Json
	/** The operator for whom the run was launched; null when nobody is named. */
	readonly operatorSid: string | null
	readonly policy: ApprovePolicy
}

export type StepDecision =
	| { readonly granted: true; readonly answer: Json; readonly by: string | null; readonly note: string | null; readonly at: number }
	| { readonly granted: false; readonly failure: StepFailure }

/** Who is asked; the composition hands it in. */
export interface StepApprovals {
	/**
	 * Asks, each step once however often it is called, and resolves when that is decided. Rejects with the signal's reason. `stands` is told
	 * true once all there is to know of it is on disk and somebody has to come, and false in the very turn in which it ends.
	 */
	decide(question: StepQuestion, signal: AbortSignal, stands: (isSo: boolean) => void): Promise<StepDecision>
}
