import type { Clock } from '../../kernel/clock.ts'
import type { SessionId } from '../../kernel/id.ts'
import { agentOf } from './agent-sid.ts'
import { type Asking, isForAgent, type Reply } from './request.ts'
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
	/** Somebody may have come who was not there when it was looked for one. */
	isToBeAddressed: boolean
	/** What is left of the time to acknowledge, once the worker's result is there; null before. */
	graceLeftMs: number | null
	graceSince: number
	/** What the attempt was last told of its standing. */
	standsAfterMs: number | null
	readonly timers: { deadline?: () => void; grace?: (() => void) | undefined; abort?: () => void }
}

/** A request that nobody has, or whose bearer is away, may wait for long; one that was read is mostly answered soon. */
const AWAY_MS = 100
const HELD_MS = 30_000

/** `known` says how far the frame got, where that is newer than the request as it was read. */
export function newWaiter(
	request: OperatorRequest,
	asking: Asking,
	stored: Promise<void>,
	known: Pick<Waiter, 'state' | 'storedState'> = toStates(request),
): Waiter {
	const { promise, resolve, reject } = Promise.withResolvers<Reply>()
	return {
		request,
		asking,
		reply: promise,
		resolve,
		reject,
		sid: request.sid,
		state: known.state === 'delivered' ? 'delivered' : 'parked',
		storedState: known.storedState,
		stored,
		isStored: false,
		isDone: false,
		isBeingAddressed: false,
		isToBeAddressed: false,
		graceLeftMs: null,
		graceSince: 0,
		standsAfterMs: null,
		timers: {},
	}
}

function toStates({ state }: OperatorRequest): Pick<Waiter, 'state' | 'storedState'> {
	const open = state === 'delivered' || state === 'sent' ? state : 'parked'
	return { state: open, storedState: open }
}

/** Tells the attempt whether it merely stands. One whose worker's result is there does not, nor does one of a hive agent. */
export function tellStanding(waiter: Waiter, isConnected: boolean): void {
	const { asking, isStored, isDone, isBeingAddressed, graceLeftMs, sid } = waiter
	const isAtWork = !isStored || isDone || isBeingAddressed || graceLeftMs !== null || (isConnected && waiter.state !== 'delivered')
	const isOfAgent = isForAgent(asking) || (sid !== null && agentOf(sid) !== null)
	const afterMs = isAtWork || isOfAgent ? null : isConnected ? HELD_MS : AWAY_MS
	if (afterMs === waiter.standsAfterMs) return
	waiter.standsAfterMs = afterMs
	asking.standing?.(afterMs)
}

/** Whether whoever waits goes on with a reply that is still being written; it then knows on what it rests. */
export function goesAhead({ asking: { restsOn } }: Waiter, written: Promise<unknown>): boolean {
	restsOn?.(written)
	return restsOn !== undefined
}

/** Nobody waits any more, and nothing of it runs on by itself. */
export function endWait(waiter: Waiter): void {
	const { timers } = waiter
	waiter.isDone = true
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
