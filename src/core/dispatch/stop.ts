/**
 * Why work in flight must end; always the reason of its AbortSignal.
 *
 * - `cancelled` somebody asked; `timed_out` a deadline fired; `lost` another lane decided the fan-out
 * - `displaced` the seat moved to another operator; a new attempt follows
 * - `detached` only this process stops working on it: what stands on disk (a request to an operator) stays
 */
export type StopKind = 'cancelled' | 'timed_out' | 'lost' | 'displaced' | 'detached'

/** The code of a detached stop after which the same process takes the work up again. */
export const ASLEEP = 'asleep'

export class Stop extends Error {
	override readonly name = 'Stop'
	readonly kind: StopKind
	/** Stable word for the failure this causes, e.g. `run_ttl`. */
	readonly code: string

	constructor(kind: StopKind, message: string, code: string = kind) {
		super(message)
		this.kind = kind
		this.code = code
	}
}

/** The Stop behind an aborted signal; an abort without one counts as a lost lane. */
export function stopOf(signal: AbortSignal): Stop {
	return signal.reason instanceof Stop ? signal.reason : new Stop('lost', 'Another lane decided first.')
}
