import { sleep } from '../../kernel/clock.ts'
import { MseError } from '../../kernel/error.ts'
import type { OperatorCredential } from './operator-api.ts'
import { backoffMs, untilAnswered } from './operator-backoff.ts'
import { type InboxDeps, OperatorInbox } from './operator-inbox.ts'
import { type LineEnd, type OperatorLine, openLine } from './operator-line.ts'

/** What a client does with what it is sent. */
export type Inbox = Pick<
	OperatorInbox,
	'attach' | 'detach' | 'receive' | 'knows' | 'running' | 'withdraw' | 'untaken' | 'stopTaking' | 'abort' | 'idle' | 'receipted'
>

export interface ClientDeps extends InboxDeps {
	/** Left out: the handlers do the work. */
	readonly newInbox?: () => Inbox
	/** The session to come back to, if there is one. */
	readonly session: OperatorCredential | null
	/** Makes a session of this client's own; null when it may only come back to the one it was given. */
	readonly join: ((signal: AbortSignal) => Promise<OperatorCredential>) | null
}

export interface ClosingOptions {
	/** End running work instead of waiting for it. */
	readonly abort?: boolean
	/** Give the session up. Otherwise it stays, with its roles and seats, and a later client can come back to it. */
	readonly leave?: boolean
}

/** The close code by which a server says that another socket of the session took over (ours). */
const REPLACED = 4001
/** A socket that held for so long starts the back-off anew. */
const STEADY_MS = 5000
const RECEIPT_PATIENCE_MS = 5000
/** While steps are being done, so often is asked whether the server still waits for them. */
const CHECK_MS = 10_000

const closedReason = (): MseError => new MseError('cancelled', 'The operator was closed.', { code: 'operator_closed' })

/** The life of an operator: socket after socket, session after session if need be, until it is closed or replaced. */
export class OperatorClient {
	readonly #deps: ClientDeps
	/** Fires when no further socket shall be opened. */
	readonly #stop = new AbortController()
	readonly #seated = Promise.withResolvers<void>()
	#inbox: Inbox
	#session: OperatorCredential | null
	#line: OperatorLine | null = null
	#closed: Promise<void> | null = null
	/** Ends the present pause between two sockets. */
	#pausing = new AbortController()
	/** Rejects when it cannot get a seat any more: the join was refused, or the session it was given is gone. */
	readonly ended: Promise<'closed' | 'replaced'>

	constructor(deps: ClientDeps) {
		this.#deps = deps
		this.#session = deps.session
		this.#inbox = this.#newInbox()
		this.ended = this.#live()
		this.ended.then(() => this.#seated.reject(closedReason()), this.#seated.reject)
		this.#seated.promise.catch(() => {})
	}

	/** Resolves when the first socket is open; rejects when the client ends before. */
	get seated(): Promise<void> {
		return this.#seated.promise
	}

	get session(): OperatorCredential | null {
		return this.#session
	}

	/** Somebody waits: tries again now instead of when its turn would come. */
	hurry(): void {
		this.#pausing.abort()
	}

	/** Takes no new work, waits for what runs and for the receipts, and hands the rest back to the session. A second call may abort. */
	close(options: ClosingOptions = {}): Promise<void> {
		this.#inbox.stopTaking()
		if (options.abort) this.#inbox.abort(closedReason())
		this.#closed ??= this.#close(options.leave ?? false)
		return this.#closed
	}

	#newInbox(): Inbox {
		return this.#deps.newInbox?.() ?? new OperatorInbox(this.#deps)
	}

	async #close(leave: boolean): Promise<void> {
		await this.#inbox.idle()
		if (this.#line) await this.#receipts()
		this.#stop.abort(closedReason())
		this.#line?.close()
		await this.ended.catch(() => {})
		if (!this.#session) return
		if (leave) await this.#deps.api.leave(this.#session).catch(() => {})
		else await this.#handBack(this.#session)
	}

	async #receipts(): Promise<void> {
		const patience = new AbortController()
		const tired = sleep(this.#deps.clock, RECEIPT_PATIENCE_MS, patience.signal).catch(() => {})
		await Promise.race([this.#inbox.receipted(), tired])
		patience.abort()
	}

	async #live(): Promise<'closed' | 'replaced'> {
		for (let failures = 0; !this.#stop.signal.aborted; failures++) {
			this.#session ??= await this.#join()
			if (!this.#session) break
			const since = this.#deps.clock.now()
			const end = await this.#oneSocket(this.#session)
			if (end.code === REPLACED) return this.#giveWay(this.#session)
			if (this.#stop.signal.aborted) break
			if (end.opened && this.#deps.clock.now() - since >= STEADY_MS) failures = 0
			if (!end.opened && (await this.#isGone(this.#session))) this.#loseSession(this.#session)
			await this.#pause(end, backoffMs(failures))
		}
		return 'closed'
	}

	/** Null when the client was closed meanwhile. */
	async #join(): Promise<OperatorCredential | null> {
		const { join, clock, tell } = this.#deps
		if (!join) throw new MseError('not_found', 'The operator session is gone.', { code: 'session_gone', hint: 'Join anew.' })
		try {
			const session = await untilAnswered(
				clock,
				this.#stop.signal,
				() => join(this.#stop.signal),
				(reason, retryInMs) => tell({ kind: 'disconnected', reason, retryInMs }),
			)
			tell({ kind: 'joined', session })
			return session
		} catch (thrown) {
			if (this.#stop.signal.aborted) return null
			throw thrown
		}
	}

	async #oneSocket(session: OperatorCredential): Promise<LineEnd> {
		const inbox = this.#inbox
		const line = openLine(this.#deps.baseUrl, session, this.#deps.clock, {
			opened: (opened) => this.#opened(opened, session, inbox),
			frame: (frame) => inbox.receive(frame),
			unreadable: (text) => this.#deps.tell({ kind: 'unreadable', text: text.slice(0, 200) }),
		})
		this.#line = line
		const socketLife = new AbortController()
		void this.#watchWithdrawals(session, inbox, socketLife.signal)
		const end = await line.ended
		socketLife.abort()
		this.#line = null
		inbox.detach()
		return end
	}

	/** No frame tells that a step was cancelled or given to somebody else. */
	async #watchWithdrawals(session: OperatorCredential, inbox: Inbox, until: AbortSignal): Promise<void> {
		const { api, clock } = this.#deps
		while (
			await sleep(clock, CHECK_MS, until).then(
				() => true,
				() => false,
			)
		) {
			const running = inbox.running
			if (running.length === 0) continue
			const open = await api.pending(session).catch(() => null)
			for (const reqId of running) if (open?.every(({ req_id }) => req_id !== reqId)) inbox.withdraw(reqId)
		}
	}

	#opened(line: OperatorLine, session: OperatorCredential, inbox: Inbox): void {
		this.#deps.tell({ kind: 'connected', sid: session.sid })
		inbox.attach(line)
		this.#seated.resolve()
		void this.#claim(session, inbox)
	}

	/** What an earlier client of this session was sent and never answered is not sent again unless somebody asks for it. */
	async #claim(session: OperatorCredential, inbox: Inbox): Promise<void> {
		const { api } = this.#deps
		const pending = await api.pending(session).catch(() => [])
		const forgotten = pending.filter(({ req_id, state }) => state === 'delivered' && !inbox.knows(req_id))
		for (const { req_id } of forgotten) await api.redeliver(session, req_id).catch(() => {})
	}

	async #isGone(session: OperatorCredential): Promise<boolean> {
		return !(await this.#deps.api.isAlive(session, this.#stop.signal).catch(() => true))
	}

	/** Its requests were withdrawn with it, so nobody waits for what runs. */
	#loseSession({ sid }: OperatorCredential): void {
		this.#deps.tell({ kind: 'session_gone', sid })
		this.#inbox.abort(new MseError('gone', `The operator session ${sid} is gone.`, { code: 'session_gone' }))
		this.#inbox = this.#newInbox()
		this.#session = null
	}

	/** The other socket's client asks for what was sent and never answered, so going on here would do it twice. */
	async #giveWay(session: OperatorCredential): Promise<'replaced'> {
		this.#deps.tell({ kind: 'replaced' })
		this.#inbox.abort(new MseError('gone', 'Another socket took the session over.', { code: 'replaced' }))
		await this.#handBack(session)
		return 'replaced'
	}

	/** Asks the server to send what this client did not do to whoever has the session next. */
	async #handBack(session: OperatorCredential): Promise<void> {
		for (const reqId of this.#inbox.untaken) await this.#deps.api.redeliver(session, reqId).catch(() => {})
	}

	async #pause({ code, reason }: LineEnd, ms: number): Promise<void> {
		this.#deps.tell({ kind: 'disconnected', reason: reason || `close code ${code}`, retryInMs: ms })
		this.#pausing = new AbortController()
		await sleep(this.#deps.clock, ms, AbortSignal.any([this.#stop.signal, this.#pausing.signal])).catch(() => {})
	}
}
