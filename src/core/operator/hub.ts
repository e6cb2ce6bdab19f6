import { type Clock, sleep } from '../../kernel/clock.ts'
import { newDeadlines } from '../../kernel/deadlines.ts'
import { MseError } from '../../kernel/error.ts'
import { type FaultPoint, noFault } from '../../kernel/fault.ts'
import { asRequestId, type RequestId, type RunId, type SessionId, type StepId } from '../../kernel/id.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { Logger } from '../../kernel/log.ts'
import type { ClientReply, ServerMsg } from '../../protocol/operator-frame.ts'
import { type AsksDeps, OperatorAsks } from './asks.ts'
import { type Channel, Connection } from './connection.ts'
import { DeliveryMarks } from './delivery-marks.ts'
import type { Asking, Reply } from './request.ts'
import { Rousing } from './rousing.ts'
import { OperatorRouter, type Seating } from './seat.ts'
import type { OperatorSessions } from './sessions.ts'
import { OperatorSocket } from './socket.ts'
import { StandingRequests } from './standing-requests.ts'
import type { Answered, OpenState, OperatorRequest, OperatorStore } from './store.ts'
import { untilSeated } from './until-seated.ts'
import { pauseGrace } from './waiter.ts'
import { Waiting } from './waiting.ts'

export interface HubDeps {
	readonly sessions: OperatorSessions
	readonly store: OperatorStore
	readonly seating: Seating
	readonly clock: Clock
	readonly log: Logger
	/** `operator.request_deadline_secs` */
	readonly requestDeadlineMs: number
	/** `operator.ack_grace_secs` */
	readonly ackGraceMs: number
	readonly limits: Pick<AsksDeps, 'requestsPerSession' | 'frameBytes'>
	readonly fault?: FaultPoint
	/** Drives a run again that sleeps; absent where runs do not sleep. Resolves once it is, or has ended. */
	wake?(runId: RunId): Promise<unknown>
}

/** A reply whose sender cannot be told of a failed write is written again after so long. */
const RETRY_MS = 1000

/**
 * Where attempts and operators meet: attempts ask, sockets come and go, replies end requests. What it holds in memory is
 * only what somebody in this process waits for; requests themselves stand on disk.
 */
export class OperatorHub {
	readonly #deps: HubDeps
	readonly #marks: DeliveryMarks
	readonly #waiting: Waiting
	readonly #standing: StandingRequests
	readonly #asks: OperatorAsks
	readonly #ask = (asking: Asking): Promise<Reply> => this.#asks.ask(asking)
	#dropped = 0
	#isStopped = false

	constructor(deps: HubDeps) {
		const { sessions, store, seating, clock, log, requestDeadlineMs, ackGraceMs, limits } = deps
		this.#deps = deps
		this.#marks = new DeliveryMarks({ store, clock, log })
		this.#waiting = new Waiting(this.#marks)
		const deadlines = newDeadlines(clock)
		this.#standing = new StandingRequests(deadlines)
		const router = new OperatorRouter(sessions, seating)
		const wake = async (runId: RunId): Promise<unknown> => deps.wake?.(runId)
		const rousing = new Rousing({ standing: this.#standing, wake })
		const shared = {
			store,
			sessions,
			router,
			waiting: this.#waiting,
			marks: this.#marks,
			clock,
			log,
			deadlines,
			standing: this.#standing,
			rousing,
		}
		this.#asks = new OperatorAsks({ ...shared, requestDeadlineMs, ackGraceMs, ...limits })
		sessions.listen({
			joined: ({ sid, roles }) => this.#asks.adopt([sid, ...roles]),
			ended: (sid, reason) => {
				const connection = this.#waiting.found(sid)?.connection
				this.#asks.sessionEnded(sid, reason)
				connection?.close(1000, reason)
			},
		})
	}

	/** Client frames that could not be used, since the start. */
	get droppedFrames(): number {
		return this.#dropped
	}

	/** See `OperatorAsks.ask` and `untilSeated`. */
	ask(asking: Asking): Promise<Reply> {
		return untilSeated(asking, this.#ask, this.#ask)
	}

	/** See `OperatorAsks.resume` and `untilSeated`. */
	resume(asking: Asking): Promise<Reply> {
		return untilSeated(asking, (it) => this.#asks.resume(it), this.#ask)
	}

	/** Called by the worker routes once a Final of the attempt is on disk. */
	finalArrived(stepId: StepId, attempt: number): void {
		this.#asks.finalArrived(stepId, attempt)
	}

	/** Called by whoever gave the seat a holder, once that is on disk; `previous` is the holder before. */
	seatAssigned(runId: RunId, slot: string, previous: string | null = null): void {
		this.#asks.seatAssigned(runId, slot, previous)
	}

	/** An answer that comes by no socket. Rejects when it cannot be written. */
	answer(sid: SessionId, reply: ClientReply): Promise<Answered> {
		return this.#answer(sid, reply, false)
	}

	/** Whether something waits for a session of that name to come. */
	waitsFor(name: string): boolean {
		return this.#waiting.vacant(name).length + this.#standing.vacant(name).length > 0
	}

	/** Whether an operator has, connected, something of a run that sleeps. */
	isWorkedOn(runId: RunId): boolean {
		return this.#standing.ofRun(runId).some(({ sid }) => sid !== null && this.#waiting.found(sid)?.connection)
	}

	/** A run that may have slept has ended. */
	runEnded(runId: RunId): void {
		this.#standing.removeRun(runId)
	}

	/** Sends a frame that nobody answers (`hook_after`); false when the operator is away, and the frame is lost. */
	tell(sid: SessionId, frame: ServerMsg): boolean {
		const isSent = this.#waiting.found(sid)?.connection?.tell(frame) ?? false
		if (!isSent)
			this.#deps.log.warn('a one-way frame was lost, the operator is away', {
				...{ sid, type: frame.type },
				...('task_id' in frame && { step_id: frame.task_id }),
			})
		return isSent
	}

	/** A socket of that session opened; it takes over from the one before. Null when the session is gone: the socket is closed. */
	connect(sid: SessionId, channel: Channel): OperatorSocket | null {
		if (this.#isStopped || !this.#deps.sessions.peek(sid)) {
			channel.close(this.#isStopped ? 1001 : 1000, this.#isStopped ? 'server stopping' : 'operator session torn down')
			return null
		}
		const connection = new Connection(channel, this.#deps.fault)
		const desk = this.#waiting.desk(sid)
		desk.attach(connection)?.close(4001, 'replaced')
		this.#deps.sessions.setConnected(sid, true)
		this.#asks.connected(sid)
		desk.pump()
		return new OperatorSocket(sid, connection, {
			answer: (from, reply, isPatient) => this.#answer(from, reply, isPatient),
			dropped: () => {
				this.#dropped++
			},
			pong: (_sid, from, payload) => {
				this.#deps.sessions.touch(sid)
				if (desk.connection === from) desk.delivered(from.proven(payload))
			},
			closed: (_sid, from) => this.#detach(sid, from),
		})
	}

	/** What waits for the operator's reply, oldest first. */
	async pending(sid: SessionId): Promise<readonly OperatorRequest[]> {
		await this.#marks.flush()
		return this.#deps.store.openRequests({ sid })
	}

	/** What waits for any operator's reply in a run, oldest first. */
	async pendingOf(runId: RunId): Promise<readonly OperatorRequest[]> {
		await this.#marks.flush()
		return this.#deps.store.openRequests({ runId })
	}

	/** Sends a request once more, now or when a socket comes. Throws `not_found`, or `gone` when it has ended. */
	async redeliver(sid: SessionId, reqId: string): Promise<OpenState> {
		const request = await this.#deps.store.request(asRequestId(reqId))
		if (!request || request.sid !== sid)
			throw new MseError('not_found', `No request ${reqId} is addressed to session ${sid}.`, { code: 'unknown_request' })
		if (request.endedAt !== null) throw new MseError('gone', `Request ${reqId} is ${request.state}.`, { code: 'request_ended' })
		await this.#deps.store.mark([{ reqId: request.reqId, state: 'parked' }])
		const standing = this.#standing.get(request.reqId)
		if (!standing) return this.#sendAgain(sid, request.reqId)
		Object.assign(standing, { state: 'parked', storedState: 'parked' })
		await this.#deps.wake?.(standing.runId)
		await new Promise((resolve) => setImmediate(resolve))
		return this.#waiting.found(sid)?.get(request.reqId)?.state ?? 'parked'
	}

	/** Says goodbye and closes every socket; requests stand. Call it before the runs are detached, and only once. */
	async stop(): Promise<void> {
		this.#isStopped = true
		for (const { sid, connection } of this.#waiting.desks()) {
			if (!connection) continue
			connection.notify({ type: 'going_away' } satisfies ServerMsg)
			connection.close(1001, 'server stopping')
			this.#detach(sid, connection)
		}
		await this.#marks.flush()
	}

	async #answer(sid: SessionId, reply: ClientReply, isPatient: boolean): Promise<Answered> {
		const { fault = noFault } = this.#deps
		const reqId = asRequestId(reply.req_id)
		for (;;) {
			try {
				fault('reply.before_write')
				const written = this.#deps.store.answer(reqId, sid, reply as JsonObject, () => this.#asks.answered(sid, reqId, reply, written))
				const answered = await written
				fault('reply.after_write')
				if (answered.outcome === 'applied') this.#asks.answered(sid, reqId, reply)
				return answered
			} catch (error) {
				if (!isPatient || this.#isStopped) throw error
				this.#deps.log.warn('an operator reply could not be written, trying again', { req_id: reqId, error })
				await sleep(this.#deps.clock, RETRY_MS)
			}
		}
	}

	#sendAgain(sid: SessionId, reqId: RequestId): OpenState {
		const desk = this.#waiting.found(sid)
		const waiter = desk?.get(reqId)
		if (!desk || !waiter) return 'parked'
		desk.again(waiter)
		return waiter.state
	}

	#detach(sid: SessionId, connection: Connection): void {
		const desk = this.#waiting.found(sid)
		if (desk?.connection !== connection) return
		desk.detach()
		for (const waiter of desk.all()) pauseGrace(waiter, this.#deps.clock)
		this.#deps.sessions.setConnected(sid, false)
	}
}
