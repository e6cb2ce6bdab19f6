import type { RunState, WorkerExecutionResult } from '../../protocol/runtime.ts'
import type { ProtocolEvent, ProtocolMethod } from '../../protocol/runtime-frame.ts'
import type { CreateWorker, WorkerInput } from '../../protocol/runtime-worker.ts'
import type { Attachment } from './attachment.ts'
import type { TranscriptLine } from './worker.ts'

/** What an execution knows of its worker, and how it is heard. */
export interface ExecutionContext {
	readonly workerId: string
	readonly generation: number
	readonly request: CreateWorker
	/** True when the worker lived before; its transcript can be read. */
	readonly isRestored: boolean
	/** Tells what the worker did: kept, shown to observers, and folded into transcript and run state. In order. */
	publish(event: ProtocolEvent): void
	/** Resolves once everything published so far is on disk. */
	flushed(): Promise<void>
	/** Resolves to everything said so far, oldest first. */
	transcript(): Promise<readonly TranscriptLine[]>
	/** A body that a turn named; null when it is no longer kept. */
	attachment(id: string): Promise<Attachment | null>
}

/**
 * Answer to a turn. An accepted one is written first; then, once it is on disk, `begin` is called with its place in the
 * transcript, and the work starts. So nothing a worker says can come before what it was asked.
 */
export type TurnAnswer = { readonly runState: RunState; begin(sequence: number): void } | WorkerExecutionResult

/** A running execution. What it cannot do, it leaves out: the caller is told `unsupported`. */
export interface Execution {
	input(input: WorkerInput): TurnAnswer | Promise<TurnAnswer>
	/** Ends for good, in good order. */
	stop?(reason: string | null): Promise<WorkerExecutionResult>
	/** Ends for good, at once. */
	cancel?(reason: string | null): Promise<WorkerExecutionResult>
	/** Passes a protocol method on, such as `pause`; resolves to false where it means nothing to this execution. */
	method?(method: ProtocolMethod): boolean | Promise<boolean>
	/** Goes on with the turn of that place, which an earlier life of the server had begun. Left out, such a turn is told as cut off. */
	resume?(sequence: number): void
	/** True once it can take no more turns: the next one starts it again. */
	ended?(): boolean
	/** The server lets go of it: what runs is ended, nothing is published any more. */
	close(): Promise<void>
}

/** A way to run workers. */
export interface ExecutionProfile {
	/** The whole name, such as `process:claude`. */
	readonly name: string
	/** True when a worker of it that has no turn holds nothing: after a restart it is started with its next turn. */
	readonly rests?: boolean
	/** Why it cannot run workers, or null when it can. */
	unavailable(): string | null
	/** Starts, or starts again, a worker. Throws an Error whose message says why it did not. */
	spawn(context: ExecutionContext): Execution | Promise<Execution>
}

export const accepted = (operation: WorkerExecutionResult['operation'], runState: RunState): WorkerExecutionResult => ({
	operation,
	outcome: 'accepted',
	run_state: runState,
})

/** For an execution that ends the same way in good order and at once. */
export const endedBy = (end: () => Promise<void>): Required<Pick<Execution, 'stop' | 'cancel'>> => ({
	stop: () => end().then(() => accepted('stop', 'stopped')),
	cancel: () => end().then(() => accepted('cancel', 'stopped')),
})

export function refused(
	operation: WorkerExecutionResult['operation'],
	outcome: 'busy' | 'rejected' | 'errored' | 'unsupported',
	message: string,
): WorkerExecutionResult {
	return { operation, outcome, run_state: outcome === 'unsupported' ? 'rejected' : outcome, message }
}
