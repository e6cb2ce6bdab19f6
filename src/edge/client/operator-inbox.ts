import { raceAbort } from '../../kernel/abort.ts'
import type { Clock } from '../../kernel/clock.ts'
import { MseError } from '../../kernel/error.ts'
import type { ClientReply, ServerMsg } from '../../protocol/operator-frame.ts'
import type { OperatorApi } from './operator-api.ts'
import type { OperatorEvent } from './operator-event.ts'
import { OperatorJobs } from './operator-jobs.ts'
import type { OperatorLine } from './operator-line.ts'
import { OperatorOutbox } from './operator-outbox.ts'
import { answerAsk, answerHook } from './operator-question.ts'
import { performSpawn } from './operator-spawn.ts'
import type { OperatorHandlers } from './operator-work.ts'

export interface InboxDeps {
	readonly api: OperatorApi
	readonly baseUrl: string
	readonly clock: Clock
	readonly handlers: OperatorHandlers
	/** Steps at once. Questions do not count: somebody waits for them. */
	readonly concurrency: number
	readonly tell: (event: OperatorEvent) => void
}

/** A refused reply that the server may take later is sent again after so long. */
const RETRY_MS = 1000
/** Refusals by which the server says that it will never take the reply. */
const FINAL_REFUSALS: ReadonlySet<string> = new Set(['unknown_request', 'gone'])

/** What one session was sent, from the frame to the receipt of the reply. Outlives its sockets. */
export class OperatorInbox {
	readonly #deps: InboxDeps
	readonly #steps: OperatorJobs
	readonly #questions = new OperatorJobs(Number.POSITIVE_INFINITY)
	readonly #outbox = new OperatorOutbox()
	/** Requests that were sent to this client and that it will not answer. */
	readonly #untaken = new Set<string>()
	#takesWork = true

	constructor(deps: InboxDeps) {
		this.#deps = deps
		this.#steps = new OperatorJobs(deps.concurrency)
	}

	/** Requests that the session's next client shall have. */
	get untaken(): readonly string[] {
		return [...this.#untaken]
	}

	/** Whether this client has the request in hand, or has given it up on purpose. */
	knows(reqId: string): boolean {
		return this.#steps.has(reqId) || this.#questions.has(reqId) || this.#outbox.has(reqId) || this.#untaken.has(reqId)
	}

	attach(line: OperatorLine): void {
		this.#outbox.attach(line)
	}

	detach(): void {
		this.#outbox.detach()
	}

	receive(frame: ServerMsg): void {
		if (frame.type === 'hello') return
		if (frame.type === 'going_away') this.#deps.tell({ kind: 'going_away' })
		else if (frame.type === 'received') this.#receipted(frame.req_id)
		else if (frame.type === 'error') this.#refused(frame)
		else if (frame.type === 'hook_after') void answerHook(this.#deps.handlers, frame)
		else this.#request(frame)
	}

	/** Starts no step that has not begun. */
	stopTaking(): void {
		this.#takesWork = false
		for (const reqId of this.#steps.dropWaiting()) this.#untaken.add(reqId)
	}

	/** Ends what runs, for that reason; nothing of it is answered. */
	abort(reason: Error): void {
		this.stopTaking()
		for (const jobs of [this.#steps, this.#questions]) {
			for (const reqId of jobs.running) {
				jobs.abort(reqId, reason)
				this.#untaken.add(reqId)
			}
		}
	}

	/** The steps being done. */
	get running(): readonly string[] {
		return this.#steps.running
	}

	/** Nobody waits for that step any more. */
	withdraw(reqId: string): void {
		this.#steps.abort(reqId, new MseError('gone', 'The server no longer waits for this step.', { code: 'request_withdrawn' }))
	}

	async idle(): Promise<void> {
		await Promise.all([this.#steps.idle(), this.#questions.idle()])
	}

	/** Resolves once every reply is receipted. */
	receipted(): Promise<void> {
		return this.#outbox.empty()
	}

	#request(frame: Extract<ServerMsg, { readonly type: 'spawn' | 'ask' | 'hook_before' }>): void {
		const { req_id: reqId } = frame
		const { handlers } = this.#deps
		if (this.#outbox.has(reqId)) this.#outbox.again(reqId)
		else if (!this.#takesWork && !this.knows(reqId)) this.#untaken.add(reqId)
		else if (frame.type === 'spawn') this.#steps.offer(this.#job(reqId, (signal) => performSpawn(this.#deps, frame, signal)))
		else if (frame.type === 'ask') this.#questions.offer(this.#job(reqId, (signal) => answerAsk(handlers, frame, signal)))
		else this.#questions.offer(this.#job(reqId, () => answerHook(handlers, frame)))
	}

	#job(reqId: string, answer: (signal: AbortSignal) => Promise<ClientReply | null>) {
		const perform = async (signal: AbortSignal): Promise<void> => {
			// A handler that does not heed its signal must not keep a client from closing.
			const reply = await raceAbort(answer(signal), signal).catch(() => null)
			if (reply && !signal.aborted) this.#outbox.add(reply)
		}
		return { reqId, perform }
	}

	#receipted(reqId: string): void {
		if (this.#outbox.settle(reqId)) this.#deps.tell({ kind: 'receipted', reqId })
	}

	#refused({ code, message, req_id: reqId }: Extract<ServerMsg, { readonly type: 'error' }>): void {
		this.#deps.tell({ kind: 'refused', code, message, ...(reqId !== undefined && { reqId }) })
		if (reqId === undefined) return
		if (FINAL_REFUSALS.has(code)) this.#outbox.settle(reqId)
		else this.#deps.clock.after(RETRY_MS, () => this.#outbox.again(reqId))
	}
}
