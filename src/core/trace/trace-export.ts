import { messageOf } from '../../kernel/error.ts'
import { SpanQueue } from './span-queue.ts'
import { BATCH, SpanSender, type TraceSink } from './span-sender.ts'
import type { TraceStore } from './store.ts'
import { TraceReader, type TraceReaderDeps } from './trace-reader.ts'

export interface TraceDeps extends TraceReaderDeps {
	readonly store: TraceStore
	readonly sink: TraceSink
}

/** What is to be seen of it. Counts are those of this life of the server. */
export interface TraceFigures {
	readonly sent: number
	/** By the sink, for good. */
	readonly refused: number
	readonly failures: number
	/** Spans in memory. */
	readonly waiting: number
	/** Events that were not looked at yet. */
	readonly behind: number
	/** Why the last send failed; null while all is well. */
	readonly trouble: string | null
}

export interface Traces {
	/** Of a run of which something was told lately. */
	traceIdOf(runId: string): string | undefined
	figures(): Promise<TraceFigures>
	/** What has happened by now is still sent, if the sink takes it within `withinMs`; the rest is by the next life. */
	stop(withinMs: number): Promise<void>
}

const MOST_WAITING = 2048
/** A place in the log at which nothing waits to be sent is written down so often. */
const NOTE_EVERY_MS = 60_000

/**
 * Follows the log and sends what it tells of runs as spans, at least once and from where the last life stopped; traces that never were
 * on begin with what is committed from now on. What cannot be sent waits in the log: no run is held up, and memory is bounded.
 */
export async function startTraces(deps: TraceDeps): Promise<Traces> {
	const { log, sink, clock } = deps
	const stopping = new AbortController()
	const place = await openPlace(deps)
	const queue = new SpanQueue({ plenty: BATCH, most: MOST_WAITING })
	const drained = Promise.withResolvers<void>()
	let drainTo = Number.POSITIVE_INFINITY
	const look = (): void => {
		if (reader.position >= drainTo && queue.waiting === 0 && !sender.isSending) drained.resolve()
	}
	const sender = new SpanSender({ ...deps, sentTo: (seq) => place.moveTo(seq), idle: look }, queue)
	const reader = new TraceReader(deps, queue, place.seq, look)
	const isIdle = (): boolean => queue.waiting === 0 && !sender.isSending
	const stopNotes = noteEvery(deps, () => (isIdle() ? place.moveTo(reader.position) : Promise.resolve()))
	const reading = reader.run(stopping.signal)
	const sending = sender.run(stopping.signal)
	return {
		traceIdOf: (runId) => reader.traceIdOf(runId),
		async figures() {
			const { newest } = await log.bounds()
			return { ...sender.counts, waiting: queue.waiting, behind: Math.max(0, newest - reader.position), trouble: sender.trouble }
		},
		async stop(withinMs) {
			drainTo = (await log.bounds()).newest
			sender.hurry()
			look()
			const late = Promise.withResolvers<void>()
			const disarm = clock.after(withinMs, late.resolve)
			await Promise.race([drained.promise, sending, late.promise])
			stopNotes()
			stopping.abort(new Error('the server is stopping'))
			await Promise.all([reading, sending])
			await Promise.race([sink.close(), late.promise])
			disarm()
		},
	}
}

/** How far spans were sent, in memory and on disk. It only grows. */
async function openPlace({ store, log, logger }: TraceDeps) {
	const known = await store.cursor()
	const { newest } = await log.bounds()
	if (known === null) await store.moveTo(newest)
	const place = {
		seq: Math.min(known ?? newest, newest),
		async moveTo(seq: number): Promise<void> {
			if (seq <= place.seq) return
			place.seq = seq
			await store.moveTo(seq).catch((error) => logger.warn('how far traces were sent could not be noted', { reason: messageOf(error) }))
		},
	}
	return place
}

function noteEvery({ clock }: TraceDeps, work: () => Promise<void>): () => void {
	let cancel = (): void => {}
	const arm = (): void => {
		cancel = clock.after(NOTE_EVERY_MS, () => {
			void work()
			arm()
		})
	}
	arm()
	return () => cancel()
}
