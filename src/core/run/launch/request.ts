import type { RunId, StepId } from '../../../kernel/id.ts'
import type { Json } from '../../../kernel/json.ts'
import type { RunPolicy } from '../../../protocol/policy.ts'
import type { BlueprintReference } from '../../blueprint/resolve.ts'
import type { DigestOf } from '../bindings.ts'
import type { LaunchOperator, Run, RunOptions, RunPhase, Task, TaskInput } from '../record.ts'
import type { RunParent } from './parent.ts'

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
	/** Goes before what the Blueprint says, key by key. */
	readonly runPolicy?: RunPolicy
	readonly detach: boolean
	/** Of the run to be; a fresh one when left out. */
	readonly runId?: RunId
	/** True: starts although no operator session lives, and waits for one. Otherwise that is refused. */
	readonly waitsForOperator?: boolean
	/** Given when a worker of another run asks. */
	readonly parent?: RunParent
	/** The caller's span; what is none counts as left out. */
	readonly traceparent?: string
}

/** The part of a launch that says how long it may take. */
export type WaitingRequest = Pick<LaunchRequest, 'detach' | 'ttlSecs' | 'timeoutSecs'>

/** Another run of a task; what is left out stays as the task has it. */
export type KickRequest = Partial<Omit<LaunchRequest, 'reference' | 'goal' | 'runId'>> & { readonly detach: boolean }

export interface RerunRequest {
	/** A step's id, its position, or its name: then the first in flow order. */
	readonly fromStep: string
	/** Given to that step in place of its own input. */
	readonly input?: Json
	readonly as: 'in_place' | 'new_run'
}

export interface Rerunning {
	readonly run: Run
	readonly replayedSteps: number
	readonly droppedSteps: number
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
	/** Throws `not_found` for an unknown task, and like `launch`. */
	kick(taskId: Task['id'], request: KickRequest): Promise<Launched>
	/** See `rerunFrom`. */
	rerunFrom(runId: Run['id'], request: RerunRequest): Promise<Rerunning>
	/** The launch of a run that exists, once more; see `rejoin`. */
	rejoin(runId: Run['id'], request: WaitingRequest): Promise<Launched>
	/** Really stops the work; resolves once the run is `cancelled` on disk. False when it had ended before. */
	cancel(runId: Run['id'], reason: string): Promise<boolean>
	/** Lets what is in flight end and begins nothing new; throws `conflict` unless the run is running. */
	pause(runId: Run['id']): Promise<void>
	/** Stops a step in flight: it fails with code `cancelled`, which the flow may catch. Throws `conflict` when it is not in flight. */
	cancelStep(stepId: StepId, reason: string): Promise<void>
	/** Takes interrupted and paused runs; throws `conflict` for others. Resolves with the number of recorded steps. */
	resume(runId: Run['id']): Promise<{ readonly run: Run; readonly replayedSteps: number }>
	/** Resolves when the run is in a final status, at once for one that is. */
	wait(runId: Run['id'], signal: AbortSignal): Promise<Run>
	/** Ends what still works for a run that has ended (audits), so that it can be deleted. */
	forget(runId: Run['id']): Promise<void>
	/** What an unfinished run is doing right now. */
	phaseOf(run: Run): RunPhase
	/** See `digestsOf` of the bindings. */
	digestsOf(run: Run): Promise<DigestOf>
}
