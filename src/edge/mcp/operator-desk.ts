import { raceAbort } from '../../kernel/abort.ts'
import type { Clock } from '../../kernel/clock.ts'
import { MseError, messageOf } from '../../kernel/error.ts'
import { type OperatorCredential, operatorApi } from '../client/operator-api.ts'
import { OperatorClient } from '../client/operator-client.ts'
import { type OperatorFrame, OperatorFrames } from '../client/operator-frames.ts'
import { invalidParams } from './argument.ts'

/** An operator session of this client. */
export interface DeskSession {
	readonly credential: OperatorCredential
	readonly baseUrl: string
	readonly frames: OperatorFrames
	/** Whether its socket is open now; it is opened again for as long as the session lives. */
	readonly isConnected: boolean
	/** Why it cannot come back; null while it can. */
	readonly closed: string | null
	/** Tries every second to come back, for as long as somebody waits. */
	hurry(until: AbortSignal): void
}

/** Where the work of a handle is to be fetched and handed in. */
export interface HandleRoute {
	readonly baseUrl: string
	readonly taskId: string
}

const MOST_ROUTES = 10_000
const MOST_SESSIONS = 64
const LEAVE_PATIENCE_MS = 3000
const SOCKET_PATIENCE_MS = 10_000
const HURRY_MS = 1000

/** The operators that one MCP client is. Their tokens never leave this process. */
export class OperatorDesk {
	readonly #clock: Clock
	readonly #sessions = new Map<string, Seated>()
	readonly #routes = new Map<string, HandleRoute>()

	constructor(clock: Clock) {
		this.#clock = clock
	}

	/** Opens the socket of a session that was just joined. One that cannot be opened is given up again. */
	async seat(baseUrl: string, credential: OperatorCredential, signal: AbortSignal): Promise<void> {
		if (this.#sessions.size >= MOST_SESSIONS) throw invalidParams(`There are ${MOST_SESSIONS} sessions already; leave one.`)
		const seated = new Seated(baseUrl, credential, this.#clock)
		try {
			const patience = AbortSignal.timeout(SOCKET_PATIENCE_MS)
			await raceAbort(seated.opened, AbortSignal.any([signal, patience]))
		} catch (thrown) {
			await seated.leave()
			throw new MseError('unavailable', `The socket of the operator could not be opened: ${messageOf(thrown)}`, {
				code: 'unreachable',
				cause: thrown,
			})
		}
		this.#sessions.set(credential.sid, seated)
	}

	/** The named session, or the only one that lives. Throws `invalid_params`. */
	session(sid?: string): DeskSession {
		if (sid === undefined) {
			const [first, other] = [...this.#sessions.values()]
			const only = this.only ?? (other ? undefined : first)
			if (only) return only
			throw invalidParams(first ? 'There are several sessions: name a `sid`.' : 'No session is joined here: call mse_operator_join first.')
		}
		const found = this.#sessions.get(sid)
		if (found) return found
		throw invalidParams(
			`Session ${sid} was not joined here.`,
			'Call mse_operator_join; a session that another process joined cannot be used.',
		)
	}

	/** The only session that lives; a launch seats it where nobody is named. */
	get only(): DeskSession | undefined {
		const living = [...this.#sessions.values()].filter(({ closed }) => closed === null)
		return living.length === 1 ? living[0] : undefined
	}

	/** How each session is; no tokens. */
	get all() {
		return [...this.#sessions.values()].map(({ credential: { sid }, baseUrl, isConnected, closed, frames }) => ({
			...{ sid, bind: baseUrl, connected: isConnected, closed, waiting: frames.waiting.length },
		}))
	}

	/** Forgets the session and tells the server. Throws when that cannot be reached. */
	async leave(sid: string): Promise<void> {
		const { credential, baseUrl } = this.session(sid)
		const seated = this.#sessions.get(sid)
		this.#sessions.delete(sid)
		await seated?.hangUp()
		await operatorApi(baseUrl).leave(credential)
	}

	/** Takes the oldest frame out of a session's queue, and remembers where its work belongs. */
	take({ frames, baseUrl }: DeskSession): OperatorFrame | undefined {
		const frame = frames.take()
		if (frame?.type === 'spawn') this.#remember(frame.worker_handle ?? frame.capability_token, { baseUrl, taskId: frame.task_id })
		return frame
	}

	routeOf(handle: string): HandleRoute | undefined {
		return this.#routes.get(handle)
	}

	/** Resolves once a frame of any session waits; never without sessions. */
	async arrival(signal: AbortSignal): Promise<void> {
		const arrivals = [...this.#sessions.values()].map(({ frames }) => frames.arrival(signal))
		if (arrivals.length > 0) await Promise.any(arrivals).catch(() => new Promise<never>(() => {}))
		else await new Promise<never>(() => {})
	}

	/** What waits to be taken with mse_pending_wait. */
	waitingFrames() {
		return this.#briefs(({ frames }) => frames.waiting)
	}

	/** What was taken and not answered. */
	takenFrames() {
		return this.#briefs(({ frames }) => frames.taken)
	}

	/** Gives all sessions up: their tokens end with this process, so nobody could come back to them. */
	async close(): Promise<void> {
		const sessions = [...this.#sessions.values()]
		this.#sessions.clear()
		const tired = new Promise<void>((resolve) => void this.#clock.after(LEAVE_PATIENCE_MS, resolve))
		await Promise.race([Promise.allSettled(sessions.map((session) => session.leave())), tired])
	}

	#briefs(framesOf: (session: DeskSession) => readonly OperatorFrame[]) {
		return [...this.#sessions.values()].flatMap((session) =>
			framesOf(session).map(({ req_id, type, task_id }) => ({ sid: session.credential.sid, req_id, type, task_id })),
		)
	}

	#remember(handle: string, route: HandleRoute): void {
		this.#routes.set(handle, route)
		const [oldest] = this.#routes.keys()
		if (this.#routes.size > MOST_ROUTES && oldest !== undefined) this.#routes.delete(oldest)
	}
}

class Seated implements DeskSession {
	readonly credential: OperatorCredential
	readonly baseUrl: string
	readonly frames: OperatorFrames
	readonly #client: OperatorClient
	readonly #clock: Clock
	isConnected = false
	closed: string | null = null

	constructor(baseUrl: string, session: OperatorCredential, clock: Clock) {
		this.credential = session
		this.baseUrl = baseUrl
		this.#clock = clock
		this.frames = new OperatorFrames(clock)
		const nobody = () => Promise.reject(new MseError('internal', 'Frames are taken by hand.'))
		this.#client = new OperatorClient({
			...{ baseUrl, session, clock, join: null, concurrency: 1, api: operatorApi(baseUrl) },
			handlers: { onSpawn: nobody },
			newInbox: () => this.frames,
			tell: ({ kind }) => {
				if (kind === 'connected') this.isConnected = true
				if (kind === 'disconnected') this.isConnected = false
			},
		})
		this.#client.ended.then(
			(how) => this.#end(how === 'replaced' ? 'another socket took the session over' : 'it was left'),
			(thrown) => this.#end(messageOf(thrown)),
		)
	}

	get opened(): Promise<void> {
		return this.#client.seated
	}

	hurry(until: AbortSignal): void {
		let cancel = (): void => {}
		const next = (): void => {
			if (until.aborted || this.closed !== null) return
			if (!this.isConnected) this.#client.hurry()
			cancel = this.#clock.after(HURRY_MS, next)
		}
		next()
		until.addEventListener('abort', () => cancel(), { once: true })
	}

	/** Closes the socket; the session stays. */
	async hangUp(): Promise<void> {
		await this.#client.close({ abort: true })
	}

	async leave(): Promise<void> {
		await this.#client.close({ abort: true, leave: true })
	}

	#end(why: string): void {
		this.isConnected = false
		this.closed = why
	}
}
