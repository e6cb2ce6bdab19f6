import { messageOf } from '../../kernel/error.ts'

/** `LimitError` is ours; the others are those of flow-ir 0.2.0. */
export type FlowErrorClass =
	| 'PathNotFound'
	| 'InvalidPath'
	| 'NonBoolCond'
	| 'TypeError'
	| 'ArithError'
	| 'DispatcherError'
	| 'ExternError'
	| 'LimitError'

interface FlowErrorDetail {
	readonly ref?: string
	readonly position?: string
	readonly cause?: unknown
}

/** What a flow's own `try` can catch. `message` is flow-ir's display text, which flows read through `err_at` and `all_settled`. */
export class FlowError extends Error {
	override readonly name = 'FlowError'
	readonly class: FlowErrorClass
	/** The step's ref; of a DispatcherError and an ExternError. */
	readonly ref: string | undefined
	/** Where the step stands in the flow; of a DispatcherError, whose `cause` is what dispatch threw. */
	readonly position: string | undefined

	constructor(kind: FlowErrorClass, message: string, detail: FlowErrorDetail = {}) {
		super(message, { cause: detail.cause })
		this.class = kind
		this.ref = detail.ref
		this.position = detail.position
	}
}

export const pathNotFound = (path: string): FlowError => new FlowError('PathNotFound', `path not found: ${path}`)

export const invalidPath = (why: string): FlowError => new FlowError('InvalidPath', `invalid path syntax: ${why}`)

export const nonBoolCond = (json: string): FlowError => new FlowError('NonBoolCond', `branch cond must be boolean, got: ${json}`)

export const typeError = (op: string, why: string): FlowError => new FlowError('TypeError', `type error in '${op}': ${why}`)

export const arithError = (op: string, why: string): FlowError => new FlowError('ArithError', `arithmetic error in '${op}': ${why}`)

export const limitError = (op: string, why: string): FlowError => new FlowError('LimitError', `limit exceeded in '${op}': ${why}`)

export function dispatcherError(ref: string, position: string, cause: unknown): FlowError {
	return new FlowError('DispatcherError', `dispatcher error for ref '${ref}': ${messageOf(cause)}`, { ref, position, cause })
}

export function externError(ref: string, why: string, cause?: unknown): FlowError {
	return new FlowError('ExternError', `extern error for ref '${ref}': ${why}`, { ref, cause })
}
