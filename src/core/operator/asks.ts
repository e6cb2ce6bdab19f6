import type { Clock } from '../../kernel/clock.ts'
import type { Deadlines } from '../../kernel/deadlines.ts'
import { MseError, messageOf } from '../../kernel/error.ts'
import { asSessionId, type RequestId, type RunId, type SessionId, type StepId } from '../../kernel/id.ts'
import type { Logger } from '../../kernel/log.ts'
import type { ClientReply } from '../../protocol/operator-frame.ts'
import { Addressing } from './addressing.ts'
import type { DeliveryMarks } from './delivery-marks.ts'
import { Ending } from './ending.ts'
import { type Asking, isWanted, newRequest, type Reply, refuseHuge, replyOf, tooMany } from './request.ts'
import type { Rousing } from './rousing.ts'
import type { OperatorRouter } from './seat.ts'
import type { OperatorSessions } from './sessions.ts'
import type { StandingRequests } from './standing-requests.ts'
import type { OperatorStore } from './store.ts'
import { endWait, goesAhead, newWaiter, runGrace, type Waiter } from './waiter.ts'
import type { Waiting } from './waiting.ts'

export interface AsksDeps {
	readonly store: OperatorStore
	readonly sessions: OperatorSessions
	readonly router: OperatorRouter
	readonly waiting: Waiting
	readonly marks: DeliveryMarks
	readonly clock: Clock
	readonly deadlines: Deadlines
	/** Requests of runs that sleep. */
	readonly standing: StandingRequests
	readonly rousing: Rousing
	readonly log: Logger
	readonly requestDeadlineMs: number
	readonly ackGraceMs: number
	/** `limits.requests_per_session` */
	readonly requestsPerSession: number
	/** `limits.frame_bytes` */
	readonly frameBytes: number
}

/** Asks operators and waits for how each request ends. A request is on disk before its frame leaves. */
export class OperatorAsks {
	readonly #deps: AsksDeps
	readonly #addressing: Addressing
	readonly #ending: Ending
	/** Counts seats that got a holder. */
	#seatings = 0

	constructor(deps: AsksDeps) {
		this.#deps = deps
		this.#ending = new Ending({ ...deps, forget: (waiter) => this.#forget(waiter) })
		this.#addressing = new Addressing({
			...deps,
			isFull: (sid) => this.#isFull(sid),
			given: (waiter) => {
				this.#runGrace(waiter)
				this.#isOnDisk(waiter)
			},
		})
	}

	/**
	 * Resolves with the reply. Rejects with the signal's reason, with `timed_out` (code `request_deadline`), with `throttled`
	 * (code `requests_per_session`), with `conflict` (code `displaced` or `seat_moved`) when the seat has another holder now,
	 * or with `unavailable` when the session it was addressed to by name is gone.
	 */
	async ask(asking: Asking): Promise<Reply> {
		asking.signal.throwIfAborted()
		refuseHuge(asking, this.#deps.frameBytes)
		const seatings = this.#seatings
		const to = await this.#deps.router.route(asking.runId, asking.to)
		asking.signal.throwIfAborted()
		if (to && this.#isFull(to.sid)) throw tooMany(to.sid, this.#deps.requestsPerSession)
		const goesOut = to !== null && this.#deps.waiting.found(to.sid)?.connection?.hasRoom === true
		const request = newRequest(asking, to, goesOut ? 'sent' : 'parked', this.#deps.clock.now(), this.#deps.requestDeadlineMs)
		void this.#deps.marks.flush()
		const stored = Promise.all([asking.alongside?.(), this.#deps.store.addRequest(request, () => isWanted(asking))]).then(() => {})
		return this.#begin(Object.assign(newWaiter(request, asking, stored), { isToBeAddressed: seatings !== this.#seatings }))
	}

	/** As `ask`, but goes on with the request that an earlier life of the server had made for the same attempt. */
	async resume(asking: Asking): Promise<Reply> {
		const { store, sessions } = this.#deps
		const find = () => store.requestOf(asking.stepId, asking.attempt, asking.kind)
		let standing = await find()
		if (!standing) return this.ask(asking)
		// Looking for a session that idled out ends it, and its requests with it.
		if (standing.sid !== null && !(await sessions.find(standing.sid))) standing = (await find()) ?? standing
		asking.signal.throwIfAborted()
		const slept = this.#deps.standing.take(standing.reqId)
		if (standing.endedAt !== null) return replyOf(standing)
		const waiter = newWaiter(standing, asking, Promise.resolve(), slept)
		const reply = this.#begin(waiter)
		await this.#catchUp(waiter)
		return reply
	}

	/** What happened while the request was looked up is not heard of by anybody else. */
	async #catchUp(waiter: Waiter): Promise<void> {
		const { request, asking } = waiter
		const now = await this.#deps.store.request(request.reqId)
		if (now?.endedAt != null) return void this.#settleAsOnDisk(waiter)
		if (waiter.sid === null) void this.#addressing.address(waiter)
		if (await asking.hasFinal?.()) this.#startGrace(waiter)
	}

	/** The worker's result is on disk: without an acknowledgement it decides the step after the grace. */
	finalArrived(stepId: StepId, attempt: number): void {
		const waiter = this.#deps.waiting.spawn(stepId, attempt)
		if (waiter) this.#startGrace(waiter)
		else this.#deps.rousing.one(this.#deps.standing.ofAttempt(stepId, attempt))
	}

	/** A reply took effect: on disk, or in a write under way, with which only those go on who can be taken back. */
	answered(sid: SessionId, reqId: RequestId, reply: ClientReply, underWay?: Promise<unknown>): void {
		const waiter = this.#deps.waiting.found(sid)?.get(reqId)
		if (underWay && !(waiter && goesAhead(waiter, underWay))) return
		if (!waiter) return void this.#deps.rousing.one(this.#deps.standing.get(reqId))
		this.#forget(waiter)
		waiter.resolve(reply)
	}

	/** Somebody of these names came: what waited for them goes to them. */
	adopt(names: readonly string[]): void {
		const { waiting, standing, rousing } = this.#deps
		for (const name of names) for (const waiter of waiting.vacant(name)) void this.#addressing.address(waiter)
		void rousing.all(names.flatMap((name) => standing.vacant(name)))
	}

	/** The seat has a holder now, on disk: what waited for one goes to them, what the holder before had is theirs no more. */
	seatAssigned(runId: RunId, slot: string, previous: string | null): void {
		this.#seatings++
		const isOfSeat = (waiter: Waiter): boolean => waiter.request.runId === runId && waiter.request.slot === slot
		const before = previous === null ? undefined : (this.#deps.sessions.peek(previous)?.record.sid ?? asSessionId(previous))
		for (const waiter of (before && this.#deps.waiting.found(before)?.all()) ?? []) if (isOfSeat(waiter)) void this.#settleAsOnDisk(waiter)
		for (const waiter of this.#deps.waiting.vacant(slot)) if (isOfSeat(waiter)) void this.#addressing.address(waiter)
		this.#deps.rousing.one(this.#deps.standing.ofRun(runId)[0])
	}

	/** The session is gone on disk, and its requests with it. */
	sessionEnded(sid: SessionId, reason: string): void {
		for (const waiter of this.#deps.waiting.removeDesk(sid)?.all() ?? []) void this.#settleAsOnDisk(waiter, reason)
		void this.#deps.rousing.all(this.#deps.standing.ofSession(sid))
	}

	/** Lets the time to acknowledge run for what lies on that desk, and fetches there what stands. */
	connected(sid: SessionId): void {
		const desk = this.#deps.waiting.desk(sid)
		for (const waiter of desk.all()) this.#runGrace(waiter)
		void this.#deps.rousing.connected(sid, desk)
	}

	#begin(waiter: Waiter): Promise<Reply> {
		const { request, asking } = waiter
		const { waiting, deadlines } = this.#deps
		waiting.add(waiter)
		waiter.timers.deadline = deadlines.at(request.deadlineAt, () => void this.#ending.expire(waiter))
		const abort = (): void => void this.#abort(waiter)
		asking.signal.addEventListener('abort', abort, { once: true })
		waiter.timers.abort = () => asking.signal.removeEventListener('abort', abort)
		waiter.stored.then(
			() => this.#isOnDisk(waiter),
			(error) => this.#notStored(waiter, error),
		)
		return waiter.reply
	}

	#isOnDisk(waiter: Waiter): void {
		waiter.isStored = true
		if (waiter.isDone) return
		this.#deps.waiting.tellStanding(waiter)
		if (waiter.sid === null) this.#addressing.stored(waiter)
		else if (this.#deps.sessions.peek(waiter.sid)) this.#deps.waiting.desk(waiter.sid).pump()
		else void this.#settleAsOnDisk(waiter)
	}

	async #abort(waiter: Waiter): Promise<void> {
		const { reason } = waiter.asking.signal
		if (waiter.asking.sleepsAfter?.(reason)) this.#sleep(waiter, reason)
		else if (waiter.asking.standsAfter?.(reason)) this.#fail(waiter, reason)
		else await this.#ending.withdraw(waiter, reason)
	}

	/** Its run sleeps: of the request only enough is kept to wake that. */
	#sleep(waiter: Waiter, reason: unknown): void {
		if (waiter.isDone) return
		const { standing, rousing, waiting } = this.#deps
		endWait(waiter)
		waiting.remove(waiter)
		standing.add(waiter, (request) => rousing.one(request))
		waiter.reject(reason)
	}

	/** Somebody else ended the request on disk: whoever waits is told how. One that nobody serves any more ends with `orphaned`. */
	async #settleAsOnDisk(waiter: Waiter, orphaned = 'operator session torn down'): Promise<void> {
		try {
			await waiter.stored
			const session = waiter.sid && (await this.#deps.sessions.find(waiter.sid))
			const request = await this.#deps.store.request(waiter.request.reqId)
			if (waiter.isDone || !request) return
			if (request.endedAt !== null) {
				const reply = replyOf(request)
				this.#forget(waiter)
				waiter.resolve(reply)
			} else if (session) this.#deps.waiting.desk(session.record.sid).pump()
			else await this.#ending.withdraw(waiter, new MseError('unavailable', orphaned, { code: 'operator_session_ended' }))
		} catch (error) {
			this.#fail(waiter, error)
		}
	}

	#startGrace(waiter: Waiter): void {
		if (waiter.isDone || waiter.graceLeftMs !== null) return
		waiter.graceLeftMs = this.#deps.ackGraceMs
		this.#deps.waiting.tellStanding(waiter)
		this.#runGrace(waiter)
	}

	#runGrace(waiter: Waiter): void {
		if (waiter.sid === null || !this.#deps.waiting.found(waiter.sid)?.connection) return
		const byFinal = () => waiter.resolve({ type: 'final' })
		runGrace(waiter, this.#deps.clock, () => void this.#ending.end(waiter, 'answered', { type: 'final' }, byFinal))
	}

	/** The request itself may be on disk, if only what belongs to it could not be written. */
	#notStored(waiter: Waiter, error: unknown): void {
		this.#fail(waiter, error)
		this.#deps.store.endRequest(waiter.request.reqId, 'withdrawn', { reason: messageOf(error) }).catch(() => {})
	}

	#fail(waiter: Waiter, error: unknown): void {
		if (waiter.isDone) return
		this.#forget(waiter)
		waiter.reject(error)
	}

	/** Nobody in this process waits for it any more. */
	#forget(waiter: Waiter): void {
		endWait(waiter)
		this.#deps.marks.drop(waiter.request.reqId)
		const wasFull = waiter.sid !== null && this.#isFull(waiter.sid)
		this.#deps.waiting.remove(waiter)
		const session = wasFull && waiter.sid !== null && this.#deps.sessions.peek(waiter.sid)
		if (session) this.adopt([session.record.sid, ...session.record.roles])
	}

	#isFull(sid: SessionId): boolean {
		const { waiting, standing, requestsPerSession } = this.#deps
		return (waiting.found(sid)?.size ?? 0) + standing.countOf(sid) >= requestsPerSession
	}
}
