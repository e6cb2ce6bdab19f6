import type { Clock } from '../../kernel/clock.ts'
import type { Event } from '../../protocol/event.ts'
import type { RunRecord } from '../../protocol/run.ts'
import { type MseClient, pathId } from './client.ts'
import { followEvents } from './follow-events.ts'

export interface FollowRunOptions {
	/** `start` gives the run's whole history first, `now` only what is to come. */
	readonly from: 'start' | 'now'
	readonly onEvent: (event: Event) => void
	readonly signal?: AbortSignal
	readonly clock?: Clock
}

/** Statuses in which nothing more happens by itself. */
export const isAtRest = ({ status }: Pick<RunRecord, 'status'>): boolean => status !== 'running' && status !== 'pending'

/**
 * Follows a run until it is done, failed, cancelled or interrupted, and resolves to it. Null when the signal fired first.
 * Throws `not_found` for an unknown run.
 */
export async function followRun(client: MseClient, id: string, options: FollowRunOptions): Promise<RunRecord | null> {
	const read = () => client.answer(client.v1.runs(pathId(id)).get())
	const before = await read()
	if (isAtRest(before) && options.from === 'now') return before
	const live = !isAtRest(before)
	const left = new AbortController()
	const signal = options.signal ? AbortSignal.any([options.signal, left.signal]) : left.signal
	const events = followEvents(client, {
		...(options.from === 'now' && { after: 'latest' }),
		...(options.clock && { clock: options.clock }),
		filter: { run: id },
		live,
		signal,
		// It may have ended between the look at it and the stream.
		onConnected: async () => {
			if (options.from === 'now' && isAtRest(await read())) left.abort()
		},
	})
	for await (const event of events) {
		options.onEvent(event)
		if (live && isRest(event) && event.kind === `run.${(await read()).status}`) break
	}
	return options.signal?.aborted ? null : read()
}

/** A run that was resumed has such an event in its past. */
const isRest = ({ kind }: Event): boolean =>
	kind === 'run.done' || kind === 'run.failed' || kind === 'run.cancelled' || kind === 'run.interrupted'
