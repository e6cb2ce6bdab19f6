/**
 * Why something failed, as far as any surface answers differently. Closed: every surface's table must name each kind.
 *
 * - `malformed` unreadable, or refused for what it means (HTTP 400); `invalid` readable but of the wrong shape (422)
 * - `unavailable` may succeed later without a change by the caller; `internal` is a defect of ours
 */
export type ErrorKind =
	| 'malformed'
	| 'invalid'
	| 'unauthenticated'
	| 'forbidden'
	| 'not_found'
	| 'method_not_allowed'
	| 'conflict'
	| 'gone'
	| 'too_large'
	| 'unsupported_media'
	| 'throttled'
	| 'unavailable'
	| 'timed_out'
	| 'cancelled'
	| 'internal'

export interface ErrorOptions {
	/** Stable word a program may match on; the kind itself when absent. */
	readonly code?: string
	/** What to do next, as a sentence. */
	readonly hint?: string
	/** Extra facts for programs; goes out as JSON. */
	readonly details?: unknown
	readonly cause?: unknown
}

/** The one error class. `message` is a sentence that names the thing it is about; it may be shown to the caller. */
export class MseError extends Error {
	override readonly name = 'MseError'
	readonly kind: ErrorKind
	readonly code: string
	readonly hint: string | undefined
	readonly details: unknown

	constructor(kind: ErrorKind, message: string, options: ErrorOptions = {}) {
		super(message, { cause: options.cause })
		this.kind = kind
		this.code = options.code ?? kind
		this.hint = options.hint
		this.details = options.details
	}
}

/** Anything thrown, as an MseError. What nobody foresaw becomes `internal` with a fixed sentence; the cause is kept for the log. */
export function toMseError(thrown: unknown): MseError {
	if (thrown instanceof MseError) return thrown
	return new MseError('internal', 'The server hit an unexpected error.', {
		hint: 'The log has the details under the request id.',
		cause: thrown,
	})
}

/** The sentence of anything thrown, for composing a message of our own. */
export function messageOf(thrown: unknown): string {
	return thrown instanceof Error ? thrown.message : String(thrown)
}
