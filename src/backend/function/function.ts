import type { Attempt } from '../../core/dispatch/backend.ts'
import type { Json, JsonObject } from '../../kernel/json.ts'
import type { WorkerStats } from '../../protocol/output.ts'

/** `ok: false` blocks the step; it is true when left out. */
export interface FunctionResult {
	readonly value: Json
	readonly ok?: boolean
	readonly stats?: WorkerStats
}

/** A function that agents of kind `rust_fn` call by its id. */
export interface FunctionDef {
	/** No effect outside the process, and nothing emitted: its steps are committed in batches. */
	readonly pure: boolean
	/** Looks at the agent's spec before anything runs; throws an Error that says what is wrong with it. */
	check?(spec: JsonObject): void
	/**
	 * `spec` is the agent's, with the function's own settings in it. Throws when the work failed. Heeds `attempt.signal`: an
	 * abort must end the work, not only the waiting for it.
	 */
	run(attempt: Attempt, spec: JsonObject): FunctionResult | Promise<FunctionResult>
}
