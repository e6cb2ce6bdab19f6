import { MseError, messageOf } from '../../kernel/error.ts'
import type { Logger } from '../../kernel/log.ts'
import { aboutRequest, replyOf } from './request.ts'
import type { EndState, OperatorStore } from './store.ts'
import type { Waiter } from './waiter.ts'

export interface EndingDeps {
	readonly store: Pick<OperatorStore, 'endRequest' | 'request'>
	readonly log: Logger
	/** Nobody in this process waits for it any more. */
	forget(waiter: Waiter): void
}

/** Ends requests from our side. */
export class Ending {
	readonly #deps: EndingDeps

	constructor(deps: EndingDeps) {
		this.#deps = deps
	}

	async withdraw(waiter: Waiter, reason: unknown): Promise<void> {
		await this.end(waiter, 'withdrawn', { reason: messageOf(reason) }, () => waiter.reject(reason))
	}

	async expire(waiter: Waiter): Promise<void> {
		const secs = Math.round((waiter.request.deadlineAt - waiter.request.createdAt) / 1000)
		const reason = `The request to the operator was not answered within ${secs} s (operator.request_deadline_secs).`
		await this.end(waiter, 'expired', { reason }, () => waiter.reject(new MseError('timed_out', reason, { code: 'request_deadline' })))
	}

	/** Ends a request from our side. A reply that was quicker on disk counts, except after an abort. */
	async end(waiter: Waiter, state: EndState, reply: { reason: string } | { type: 'final' }, settle: () => void): Promise<void> {
		if (waiter.isDone) return
		this.#deps.forget(waiter)
		try {
			await waiter.stored
			const hasEnded = await this.#deps.store.endRequest(waiter.request.reqId, state, reply)
			const quicker = hasEnded || waiter.asking.signal.aborted ? null : await this.#deps.store.request(waiter.request.reqId)
			if (quicker?.state === 'answered') waiter.resolve(replyOf(quicker))
		} catch (error) {
			this.#deps.log.warn('ending a request to an operator failed', { ...aboutRequest(waiter.request), error })
		}
		settle()
	}
}
