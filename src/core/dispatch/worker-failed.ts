import type { WorkerStats } from '../../protocol/output.ts'

/** How a backend fails an attempt when it has more to say than a sentence. */
export class WorkerFailed extends Error {
	override readonly name = 'WorkerFailed'
	/** What the attempt used up all the same. */
	readonly stats: WorkerStats | null
	/** How long whoever failed asks to be left alone, in milliseconds. */
	readonly retryAfterMs: number | null

	constructor(message: string, more: { readonly stats?: WorkerStats; readonly retryAfterMs?: number; readonly cause?: unknown } = {}) {
		super(message, { cause: more.cause })
		this.stats = more.stats ?? null
		this.retryAfterMs = more.retryAfterMs ?? null
	}
}
