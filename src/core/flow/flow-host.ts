import type { Json } from '../../kernel/json.ts'

/** What a dispatch answers when the step's `out` is to stay unwritten. */
export const Skipped: unique symbol = Symbol('skipped')
export type Skipped = typeof Skipped

export interface StepCall {
	readonly ref: string
	/** Never changes afterwards; must not be changed by the host either. */
	readonly input: Json
	/** Where the step stands, e.g. `/0/body[2]/1`: the same in every life of the run. */
	readonly position: string
	/** Aborts when the run or the step's lane is over. */
	readonly signal: AbortSignal
}

/** What a flow needs of the world. Whatever `decided` or `decide` throws ends the flow; no `try` of the flow sees it. */
export interface FlowHost {
	/**
	 * Performs a step. What it throws becomes a DispatcherError, unless the call's signal has aborted. The answer is kept as it is, so
	 * it must not change afterwards. It has to settle soon after an abort: only fan-outs go on without waiting for it.
	 */
	dispatch(call: StepCall): Json | Skipped | Promise<Json | Skipped>
	/** The lane that decided the fan-out at this position in an earlier life of the run. */
	decided(position: string): number | undefined
	/** Told once for each fan-out that a single lane decides, in the turn of the outcome that did it, before the other lanes are aborted. */
	decide(position: string, lane: number): void
	readonly limits: FlowLimits
	/** Functions for `call_extern`, called with evaluated arguments. Without the map every call is an ExternError. */
	readonly externs?: ReadonlyMap<string, (args: readonly Json[]) => Json>
}

export interface FlowLimits {
	/** Most items of one fan-out. */
	readonly fanoutWidth: number
	/** Most lanes of one fan-out at work at a time; the others wait in item order. */
	readonly fanoutConcurrency: number
	/** Most iterations of one loop. */
	readonly loopMax: number
}
