import type { FrameWorker } from '../../protocol/operator-frame.ts'
import type { WorkerPrompt } from '../../protocol/worker.ts'

/** One step to carry out: what the server sent with the request, and what it told the worker. */
export interface SpawnWork {
	readonly reqId: string
	/** The step's id; the wire calls it so. */
	readonly taskId: string
	readonly runId: string | null
	readonly agent: string
	/** Counts from 1. */
	readonly attempt: number
	readonly prompt: string
	/** The agent's system prompt, rendered; null when it has none. */
	readonly system: string | null
	/** Folders, metadata and references for the worker. */
	readonly context: WorkerPrompt['context']
	/** What an AI client would be told to do with the request. Nobody else needs it. */
	readonly directive: string
	/** The worker type that the Blueprint declares. */
	readonly worker: FrameWorker | null
	/** The step's own credential at `/v1/worker/…`, for progress, parts and data. */
	readonly handle: string
	readonly baseUrl: string
	/** Fires when nobody wants the result any more. */
	readonly signal: AbortSignal
}

/**
 * How a step ends. Text is submitted as it is, any other value as JSON; the server reads objects and arrays back, so that a
 * number arrives as text. `ok: false` blocks the step. `halt` stops it on purpose: the flow sees `{halted, reason, value}`.
 */
export type SpawnAnswer =
	| string
	| { readonly value: unknown; readonly ok?: boolean; readonly stats?: unknown }
	| { readonly halt: unknown; readonly reason?: string }

/** A question about a step that another operator could not do. */
export interface AskWork {
	readonly reqId: string
	readonly taskId: string
	readonly question: unknown
	readonly signal: AbortSignal
}

/** `before`: the step waits for the answer. `after`: it is told, and whatever is answered goes nowhere. */
export interface HookWork {
	readonly when: 'before' | 'after'
	readonly reqId: string
	readonly taskId: string
	readonly agent: string
	readonly attempt: number
	/** What the step ended with; only `after`. */
	readonly result?: unknown
}

/** False, or `ok: false`, keeps the step from starting; nothing lets it. */
export type HookAnswer = boolean | undefined | { readonly ok: boolean; readonly reason?: string }

/** What an operator does with what it is sent. */
export interface OperatorHandlers {
	/** Called for as many steps at once as `concurrency` says. A throw fails the step with its message. */
	onSpawn(work: SpawnWork): SpawnAnswer | Promise<SpawnAnswer>
	/** Absent: every question is refused, so that the step stays as it is. */
	onAsk?(work: AskWork): unknown
	/** Absent: every step may start. */
	onHook?(work: HookWork): HookAnswer | Promise<HookAnswer>
}
