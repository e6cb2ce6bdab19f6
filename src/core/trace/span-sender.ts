import { raceAbort } from '../../kernel/abort.ts'
import type { Clock } from '../../kernel/clock.ts'
import { messageOf } from '../../kernel/error.ts'
import type { Logger } from '../../kernel/log.ts'
import type { Span } from './span.ts'
import type { Ended, SpanQueue } from './span-queue.ts'

/** Where spans go. */
export interface TraceSink {
	/** Null once they were taken; why not, when they never will be. Throws when they may be sent again. */
	send(spans: readonly Span[]): Promise<string | null>
	close(): Promise<void>
}

export interface SpanSenderDeps {
	readonly sink: TraceSink
	readonly clock: Clock
	readonly logger: Logger
	/** Everything up to there was taken, or refused for good. */
	sentTo(seq: number): Promise<void>
	/** Told when there is nothing more to send. */
	idle(): void
}

export const BATCH = 512
const GATHER_MS = 1000
const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 60_000
/** While there is more to send, so many times as long as a send kept the process busy is left for everything else. */
const REST = 3

/** Sends what is in the queue, in batches and in order. What the sink does not take now is sent again until it does. */
export class SpanSender {
	readonly #deps: SpanSenderDeps
	readonly #queue: SpanQueue
	/** Counts since the start of the server. */
	readonly counts = { sent: 0, refused: 0, failures: 0 }
	/** Why the last send failed; null while all is well. */
	trouble: string | null = null
	isSending = false
	#isLast = false
	#endPause = (): void => {}

	constructor(deps: SpanSenderDeps, queue: SpanQueue) {
		this.#deps = deps
		this.#queue = queue
	}

	/** Resolves when the signal fires, and after `hurry` with the first send that fails. */
	async run(signal: AbortSignal): Promise<void> {
		while (!signal.aborted) {
			await raceAbort(this.#queue.something(), signal).catch(() => {})
			await this.#pause(GATHER_MS, signal, this.#queue.plenty())
			this.isSending = true
			for (const { seq, spans } of batches(this.#queue.take())) {
				const busyMs = await this.#deliver(spans, signal)
				if (busyMs === null) return
				await this.#deps.sentTo(seq)
				if (busyMs >= 1) await this.#pause(busyMs * REST, signal)
			}
			this.isSending = false
			this.#deps.idle()
		}
	}

	/** Whatever comes is sent at once from now on, and only once. */
	hurry(): void {
		this.#isLast = true
		this.#endPause()
	}

	/** How long that kept the process busy; null when they are given up, for this life of the server. */
	async #deliver(spans: readonly Span[], signal: AbortSignal): Promise<number | null> {
		for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
			try {
				const { sink, clock } = this.#deps
				const began = clock.now()
				const sending = sink.send(spans)
				const busyMs = clock.now() - began
				this.#note(spans.length, await raceAbort(sending, signal))
				return busyMs
			} catch (error) {
				if (signal.aborted) return null
				this.counts.failures++
				this.#fail('traces cannot be sent; they wait in the log of events', { reason: messageOf(error) })
			}
			if (this.#isLast) return null
			await this.#pause(wait, signal)
			if (signal.aborted) return null
		}
	}

	#note(spans: number, refused: string | null): void {
		if (refused !== null) {
			this.counts.refused += spans
			this.#fail('spans were refused and are dropped', { spans, reason: refused })
		} else {
			this.counts.sent += spans
			if (this.trouble !== null) this.#deps.logger.info('traces are taken again')
			this.trouble = null
		}
	}

	/** Told once, until something is taken again. */
	#fail(sentence: string, fields: { readonly reason: string; readonly spans?: number }): void {
		if (this.trouble === null) this.#deps.logger.warn(sentence, fields)
		this.trouble = fields.reason
	}

	/** Until `hurry` or an earlier end. */
	#pause(ms: number, signal: AbortSignal, earlier?: Promise<void>): Promise<void> {
		const { promise, resolve } = Promise.withResolvers<void>()
		const cancel = this.#deps.clock.after(ms, resolve)
		const end = (): void => resolve()
		this.#endPause = end
		signal.addEventListener('abort', end, { once: true })
		earlier?.then(end)
		if (signal.aborted || this.#isLast) end()
		return promise.finally(() => {
			cancel()
			signal.removeEventListener('abort', end)
		})
	}
}

/** What one event ended stays together, so that there is a place in the log after each batch. */
function* batches(all: readonly Ended[]): Generator<Ended> {
	let spans: Span[] = []
	for (const [at, ended] of all.entries()) {
		for (const span of ended.spans) spans.push(span)
		if (spans.length < BATCH && at < all.length - 1) continue
		yield { seq: ended.seq, spans }
		spans = []
	}
}
