import type { Clock } from '../../kernel/clock.ts'
import type { RequestId } from '../../kernel/id.ts'
import type { Logger } from '../../kernel/log.ts'
import type { OpenState, OperatorStore } from './store.ts'

/** How long a mark waits for another write to share its commit with. */
const DELAY_MS = 20

/**
 * How far each frame got, written down in batches: a mark is worth no commit of its own. A mark that a crash loses only
 * means that the frame is sent once more.
 */
export class DeliveryMarks {
	readonly #deps: { readonly store: OperatorStore; readonly clock: Clock; readonly log: Logger }
	readonly #marks = new Map<RequestId, OpenState>()
	#stopTimer: (() => void) | undefined

	constructor(deps: { readonly store: OperatorStore; readonly clock: Clock; readonly log: Logger }) {
		this.#deps = deps
	}

	set(reqId: RequestId, state: OpenState): void {
		this.#marks.set(reqId, state)
		this.#stopTimer ??= this.#deps.clock.after(DELAY_MS, () => void this.flush())
	}

	/** The request ended, so nobody will ask how far its frame got. */
	drop(reqId: RequestId): void {
		this.#marks.delete(reqId)
	}

	/** Writes what is waiting, in the commit of this turn. Never rejects. */
	async flush(): Promise<void> {
		this.#stopTimer?.()
		this.#stopTimer = undefined
		if (this.#marks.size === 0) return
		const marks = [...this.#marks].map(([reqId, state]) => ({ reqId, state }))
		this.#marks.clear()
		await this.#deps.store.mark(marks).catch((error) => {
			this.#deps.log.warn('noting how far operator frames got failed', { count: marks.length, error })
			for (const { reqId, state } of marks) if (!this.#marks.has(reqId)) this.set(reqId, state)
		})
	}
}
