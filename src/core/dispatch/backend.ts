import type { RunId, StepId, TaskId } from '../../kernel/id.ts'
import type { Json } from '../../kernel/json.ts'
import type { AgentDef, Blueprint } from '../../protocol/blueprint.ts'
import type { OutputEvent, WorkerStats } from '../../protocol/output.ts'

/** What a worker may know of its task; the well-known keys of mlua-swarm 0.26.0, anything else under `extra`. */
export interface AgentContext {
	readonly project_root?: string
	readonly work_dir?: string
	readonly task_metadata?: Json
	readonly project_name_alias?: string
	readonly input_refs?: readonly string[]
	readonly extra?: { readonly [key: string]: Json }
	/** How the approval was answered that the step waited for. */
	readonly approval?: { readonly answer: Json; readonly by: string | null; readonly note: string | null }
}

/** The credentials of one attempt; they expire and are revoked with it. Never log them. */
export interface Credentials {
	/** An encoded capability token. */
	readonly token: string
	readonly nonce: string
	/** `wh-` + 16 hex. */
	readonly handle: string
}

/** One try at a step, as a backend sees it. */
export interface Attempt {
	readonly stepId: StepId
	readonly runId: RunId
	readonly taskId: TaskId
	/** Counts from 1 within the step. */
	readonly n: number
	readonly agent: string
	readonly prompt: Json
	readonly context: AgentContext
	/** Fires when the attempt must end: cancel, timeout, a lost lane. The backend then ends its work for real. */
	readonly signal: AbortSignal
	/** Resolves once the attempt stands on disk. Nothing of it may leave the process before; see `Worker.sharesCommits`. */
	readonly begun: Promise<void>
	/** `<data dir id>:<step>:<n>`, the marker a child process carries in `MSE_ATTEMPT_KEY`. */
	readonly key: string
	/** How many runs there are above its own: each was asked for by a worker of the one before. */
	readonly depth: number
	/** Most child processes at a time for its run, and for its agent in that run; absent keys limit nothing. */
	readonly children?: { readonly run?: number; readonly agent?: number }
	/** Present for backends that leave the process. */
	readonly credentials: Credentials | undefined
	/** The span of the attempt (W3C Trace Context), for workers outside this process. */
	readonly traceparent?: string | undefined
	/** Appends to the attempt's tail; resolves once it is on disk. */
	emit(event: OutputEvent): Promise<void>
	/** Puts a body down for other workers to find by that name. It is no part of this step's value; resolves once it is on disk. */
	put(name: string, body: OutputEvent): Promise<void>
	/**
	 * Tells the run whether somebody works on this attempt. An attempt that only waits (for an operator to come, for an
	 * approval) does not use up the run's time to live.
	 */
	working(isWorking: boolean): void
	/**
	 * Tells the run whether a next life of the server could go on with this attempt as it stands now. Until it is called, it
	 * could if the worker has `resume`.
	 */
	resumable(isResumable: boolean): void
	/**
	 * Tells the run that the completion rests on a write under way: when that fails, the run is taken back to what is on disk. Absent:
	 * the completion has to wait for that write.
	 */
	readonly restsOn?: (written: Promise<unknown>) => void
	/**
	 * Tells the run that this attempt merely stands: everything about it is on disk, and the run may be let go of after so many
	 * milliseconds. Whoever says so wakes the run when anything happens to it; the worker's `resume` is called then. Null takes it back.
	 */
	standing(afterMs: number | null): void
}

/** How an attempt ended by itself. `final` counts only when the worker left no Final in the attempt's tail. */
export interface Completion {
	readonly final?: { readonly value: Json; readonly ok: boolean }
	readonly stats?: WorkerStats
}

/** One agent of one Blueprint, checked and ready to work. */
export interface Worker {
	/** A pure function: no effect outside the process, so it needs no commit before or after. */
	readonly pure: boolean
	/**
	 * Its first write shares the commit that brings the attempt, and its last one the commit that brings the outcome: it waits for
	 * `Attempt.begun` by itself, and may complete once it has said what it `restsOn`. Nobody around it may let anything leave before that.
	 */
	readonly sharesCommits?: boolean
	/** Throws an Error whose message says why the work failed; an abort is thrown as the signal's reason. */
	perform(attempt: Attempt): Completion | Promise<Completion>
	/**
	 * Goes on with an attempt that an earlier life of the server had begun. Absent: such an attempt is ended and a new
	 * one begins; so it is when the answer is null.
	 */
	readonly resume?: (attempt: Attempt) => Promise<Completion | null>
}

/** A way to perform attempts; one per agent kind. */
export interface Backend {
	readonly name: string
	/** Whether attempts are worked on outside the process, with credentials to report back. */
	readonly leavesProcess: boolean
	/** Throws `invalid` (code `invalid_agent_spec`) with upstream's sentence when the agent's spec is wrong. */
	prepare(agent: AgentDef, blueprint: Blueprint): Worker
}

/** Agent kind to backend. */
export type Registry = ReadonlyMap<string, Backend>
