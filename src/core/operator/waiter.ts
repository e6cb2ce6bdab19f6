import type { Clock } from '../../kernel/clock.ts'
import type { SessionId } from '../../kernel/id.ts'
import type { Asking, Reply } from './request.ts'
import type { OpenState, OperatorRequest } from './store.ts'

/** A request that somebody in this process waits for. */
export interface Waiter {
	readonly request: OperatorRequest
	readonly asking: Asking
	readonly reply: Promise<Reply>
	resolve(reply: Reply): void
	reject(error: unknown): void
	/** Whom it is addressed to; null while nobody is there to take it. */
	sid: SessionId | null
	/** How far its frame got. */
	state: OpenState
	/** What the store was last told of that. */
	storedState: OpenState
	/** Resolves once the request is on disk, so that it may be sent. */
	stored: Promise<void>
	isStored: boolean
	isDone: boolean
	isBeingAddressed: boolean
	/** What is left of the time to acknowledge, once the worker's result is there; null before. */
	graceLeftMs: number | null
	graceSince: number
	readonly timers: { deadline?: () => void; grace?: (() => void) | undefined; abort?: () => void }
}

export function newWaiter(request: OperatorRequest, asking: Asking, stored: Promise<void>): Waiter {
	const { promise, resolve, reject } = Promise.withResolvers<Reply>()
	return {
		request,
		asking,
		reply: promise,
		resolve,
		reject,
		sid: request.sid,
		state: request.state === 'delivered' ? 'delivered' : 'parked',
		storedState: request.state === 'delivered' || request.state === 'sent' ? request.state : 'parked',
		stored,
		isStored: false,
		isDone: false,
		isBeingAddressed: false,
		graceLeftMs: null,
		graceSince: 0,
		timers: {},
	}
}

/** Nothing of it runs on by itself any more. */
export function stopTimers({ timers }: Waiter): void {
	timers.deadline?.()
	timers.grace?.()
	timers.abort?.()
}

/** Lets the time to acknowledge run; call it whenever the operator is connected. `over` is called when it is used up. */
export function runGrace(waiter: Waiter, clock: Clock, over: () => void): void {
	if (waiter.graceLeftMs === null || waiter.timers.grace || waiter.isDone) return
	waiter.graceSince = clock.now()
	waiter.timers.grace = clock.after(waiter.graceLeftMs, over)
}

/** The operator is away, so the time to acknowledge stands still. */
export function pauseGrace(waiter: Waiter, clock: Clock): void {
	if (waiter.graceLeftMs === null || !waiter.timers.grace) return
	waiter.timers.grace()
	waiter.timers.grace = undefined
	waiter.graceLeftMs = Math.max(0, waiter.graceLeftMs - (clock.now() - waiter.graceSince))
}
