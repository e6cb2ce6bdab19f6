import type { Json } from '../../kernel/json.ts'
import type { CompiledFlow } from './compile-flow.ts'
import { Ctx } from './ctx.ts'
import type { FlowHost } from './flow-host.ts'
import { newPace } from './pace.ts'

/**
 * The scheme by which nodes are named, kept with each run: a journal written under another one cannot be replayed. The root is ''; below it
 * `/<i>` (seq), `/then` `/else`, `/body[<n>]` (loop), `/lane[<i>]` (fanout), `/try` `/catch`.
 */
export const POSITION_SCHEME = 1

/**
 * Runs a flow from `initial`, which is left as it is, to the final ctx. Rejects with a FlowError that nothing in the flow caught, with
 * the signal's reason, or with what the host's `decided` or `decide` threw. Steps of lanes that were aborted may still be unwinding.
 */
export async function evaluateFlow(flow: CompiledFlow, initial: Json, host: FlowHost, signal: AbortSignal): Promise<Json> {
	signal.throwIfAborted()
	const ctx = new Ctx(initial)
	await flow.run({ ctx, signal, host, pace: newPace() }, '')
	signal.throwIfAborted()
	return ctx.value()
}
