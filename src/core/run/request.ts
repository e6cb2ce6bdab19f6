import type { Json } from '../../kernel/json.ts'
import type { BlueprintReference } from '../blueprint/resolve.ts'
import type { LaunchOperator, Run, RunOptions, RunPhase, Task, TaskInput } from './record.ts'

/** A launch, parsed: what `POST /v1/tasks`, a re-kick and `mse-server run` ask for. */
export interface LaunchRequest {
	readonly reference: BlueprintReference
	readonly initCtx: Json
	readonly goal?: string
	readonly taskInput?: TaskInput
	readonly ttlSecs?: number
	readonly operator?: LaunchOperator
	readonly operatorDesc?: string
	readonly operatorSlot?: string
	/** Ceiling of a synchronous launch; the run fails when it is reached. */
	readonly timeoutSecs?: number
	readonly checkPolicy?: NonNullable<RunOptions['checkPolicy']>
	readonly detach: boolean
}

export interface Launched {
	readonly task: Task
	readonly run: Run
	readonly boundVersion: string | null
	readonly ttl: { readonly secs: number; readonly source: 'request_body' | 'bp_metadata' | 'server_default' }
	readonly declaredSlots: readonly string[]
	/**
	 * The run as it ended. Rejects with `timed_out` (code `sync_ceiling`) when a synchronous launch reached its ceiling,
	 * and with `unavailable` when the run's outcome could not be written.
	 */
	readonly ended: Promise<Run>
}

/** Everything the edges ask of runs; `app.ts` builds it once. */
export interface RunService {
	/** Resolves once task and run are on disk (a chain of pure steps may already have ended by then). */
	launch(request: LaunchRequest): Promise<Launched>
	/** Really stops the work; resolves once the run is `cancelled` on disk. False when it had ended before. */
	cancel(runId: Run['id'], reason: string): Promise<boolean>
	/** Takes interrupted and paused runs; throws `conflict` for others. Resolves with the number of recorded steps. */
	resume(runId: Run['id']): Promise<{ readonly run: Run; readonly replayedSteps: number }>
	/** Resolves when the run is in a final status, at once for one that is. */
	wait(runId: Run['id'], signal: AbortSignal): Promise<Run>
	/** Ends what still works for a run that has ended (audits), so that it can be deleted. */
	forget(runId: Run['id']): Promise<void>
	/** What an unfinished run is doing right now. */
	phaseOf(run: Run): RunPhase
}
