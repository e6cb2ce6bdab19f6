import { raceAbort } from '../../kernel/abort.ts'
import { type Clock, sleep } from '../../kernel/clock.ts'
import { MseError, messageOf } from '../../kernel/error.ts'
import type { Logger } from '../../kernel/log.ts'
import type { Event } from '../../protocol/event.ts'
import { type Follower, follow } from '../event/follow.ts'
import type { EventLog } from '../event/log.ts'
import { OpenTraces } from './open-traces.ts'
import type { SpanQueue } from './span-queue.ts'

const TRACED = ['run.', 'step.', 'attempt.', 'request.', 'approval.']
const AGAIN_MS = 1000

export interface TraceReaderDeps {
	readonly log: EventLog
	readonly clock: Clock
	readonly logger: Logger
	/** Of all traces, from 0 to 1. */
	readonly share: number
}

/** Reads the log into spans, as fast as they can be sent. */
export class TraceReader {
	readonly #deps: TraceReaderDeps
	readonly #queue: SpanQueue
	readonly #open: OpenTraces
	readonly #onPage: () => void
	#follower: Follower | undefined
	#place: number
	/** A follower stands behind the page that it gave. */
	#isReading = false

	/** `onPage` is told after some of the log was read. */
	constructor(deps: TraceReaderDeps, queue: SpanQueue, after: number, onPage: () => void) {
		this.#deps = deps
		this.#queue = queue
		this.#open = new OpenTraces(deps.log, deps.share)
		this.#onPage = onPage
		this.#place = after
	}

	/** Everything up to here is in the queue, or was. */
	get position(): number {
		return this.#isReading ? this.#place : Math.max(this.#place, this.#follower?.position() ?? 0)
	}

	/** Of a run whose trace is at hand. */
	traceIdOf(runId: string): string | undefined {
		return this.#open.known(runId)?.traceId
	}

	/** Resolves when the signal fires. */
	async run(signal: AbortSignal): Promise<void> {
		while (!signal.aborted) {
			try {
				this.#follower = follow(this.#deps.log, { after: this.#place, filter: { kinds: TRACED }, live: true, signal })
				for await (const page of this.#follower.pages) await this.#readPage(page, signal)
			} catch (error) {
				this.#follower = undefined
				this.#isReading = false
				if (signal.aborted) return
				if (error instanceof MseError && error.code === 'cursor_expired') await this.#skipExpired()
				else await this.#pauseAfter(error, signal)
			}
		}
	}

	async #readPage(page: readonly Event[], signal: AbortSignal): Promise<void> {
		this.#isReading = true
		for (const event of page) {
			if (this.#queue.isFull) await raceAbort(this.#queue.room(), signal)
			const { run_id } = event
			if (run_id !== undefined) await this.#read({ ...event, run_id })
			this.#place = event.seq
		}
		this.#isReading = false
		this.#onPage()
	}

	/** Most traces are at hand, and nothing is waited for. */
	#read(event: Event & { readonly run_id: string }): Promise<void> | undefined {
		const trace = this.#open.before(event)
		if (trace instanceof Promise) return trace.then(() => this.#read(event))
		const spans = trace.take(event)
		this.#open.after(event.run_id, trace)
		if (spans.length > 0) this.#queue.add({ seq: event.seq, spans })
		return undefined
	}

	async #skipExpired(): Promise<void> {
		const { oldest, newest, droppedTo } = await this.#deps.log.bounds()
		this.#place = Math.max(this.#place, droppedTo, oldest === 0 ? newest : oldest - 1)
		this.#deps.logger.warn('traces miss events that are no longer kept', { goes_on_after: this.#place })
	}

	async #pauseAfter(error: unknown, signal: AbortSignal): Promise<void> {
		this.#deps.logger.warn('traces could not go on and try again', { reason: messageOf(error) })
		await sleep(this.#deps.clock, AGAIN_MS, signal).catch(() => {})
	}
}
