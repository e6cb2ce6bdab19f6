import { MseError } from '../../kernel/error.ts'
import type { SessionId } from '../../kernel/id.ts'
import type { Logger } from '../../kernel/log.ts'
import { aboutRequest, isForAgent, nameOf } from './request.ts'
import type { Addressee, OperatorRouter } from './seat.ts'
import type { OperatorSessions } from './sessions.ts'
import type { OperatorStore } from './store.ts'
import { tellStanding, type Waiter } from './waiter.ts'
import type { Waiting } from './waiting.ts'

export interface AddressingDeps {
	readonly store: Pick<OperatorStore, 'address'>
	readonly router: OperatorRouter
	readonly waiting: Waiting
	readonly sessions: Pick<OperatorSessions, 'peek'>
	readonly log: Logger
	isFull(sid: SessionId): boolean
	/** The request lies on its addressee's desk. */
	given(waiter: Waiter): void
}

/** Finds somebody for requests that nobody was there to take. */
export class Addressing {
	readonly #deps: AddressingDeps

	constructor(deps: AddressingDeps) {
		this.#deps = deps
	}

	/** To be called when somebody may have come for it; what is not on disk yet, or being addressed just now, is addressed after that. */
	async address(waiter: Waiter): Promise<void> {
		waiter.isToBeAddressed = !waiter.isStored || waiter.isBeingAddressed
		if (waiter.isToBeAddressed || waiter.isDone) return
		waiter.isBeingAddressed = true
		tellStanding(waiter, false)
		let hasMoved = false
		try {
			const to = await this.#deps.router.route(waiter.request.runId, waiter.asking.to)
			if (to && !waiter.isDone && !this.#deps.isFull(to.sid)) await this.#give(waiter, to)
		} catch (error) {
			hasMoved = error instanceof MseError && error.code === 'seat_moved'
			if (!hasMoved) this.#deps.log.warn('a waiting request found no operator', { ...aboutRequest(waiter.request), error })
		} finally {
			waiter.isBeingAddressed = false
			this.#deps.waiting.tellStanding(waiter)
		}
		if (hasMoved || (waiter.isToBeAddressed && waiter.sid === null)) await this.address(waiter)
	}

	/** To be called once it is on disk: mostly nobody is there by now who was not when it was made. */
	stored(waiter: Waiter): void {
		const mayBeHere = waiter.isToBeAddressed || isForAgent(waiter.asking) || this.#deps.sessions.peek(nameOf(waiter.asking)) !== null
		if (mayBeHere) void this.address(waiter)
	}

	async #give(waiter: Waiter, to: Addressee): Promise<void> {
		const { waiting, store } = this.#deps
		const desk = waiting.desk(to.sid)
		desk.expected++
		try {
			if (!(await store.address(waiter.request.reqId, to)) || waiter.isDone) return
		} finally {
			desk.expected--
		}
		waiting.address(waiter, to.sid)
		this.#deps.given(waiter)
	}
}
