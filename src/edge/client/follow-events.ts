import { type Clock, sleep, systemClock } from '../../kernel/clock.ts'
import { MseError, messageOf } from '../../kernel/error.ts'
import { parseJson } from '../../kernel/json.ts'
import type { Event, EventQuery } from '../../protocol/event.ts'
import type { MseClient } from './client.ts'
import { fromAnswer, unreachable } from './failure.ts'
import { readServerSent, type SentMessage } from './server-sent.ts'

export interface FollowOptions {
	/** A cursor; absent starts at the oldest event still kept, `latest` with what happens from now on. */
	readonly after?: string
	readonly filter?: Pick<EventQuery, 'run' | 'task' | 'worker' | 'operator' | 'kind'>
	/** False: end once everything so far was given. */
	readonly live?: boolean
	/** Ends the iteration without an error. */
	readonly signal?: AbortSignal
	/** Told where the stream is, also past events that the filter leaves out. */
	readonly onCursor?: (cursor: string) => void
	/** Called each time a stream stands; what happens from now on will be in it. */
	readonly onConnected?: () => void | Promise<void>
	/** Called each time a stream that stood breaks, or cannot be opened again. */
	readonly onBroken?: () => void
	/** How long a server that was there may stay away; a minute unless told. */
	readonly patienceMs?: number
	readonly clock?: Clock
}

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 2000
const PATIENCE_MS = 60_000

/**
 * Events of a server in order, without gap or duplicate: a stream that breaks is opened again where it ended. Throws what the
 * server refuses, `unreachable` when it does not answer at first or stays away for a minute, `cursor_expired` when events that
 * come next were dropped.
 */
export async function* followEvents(client: MseClient, options: FollowOptions = {}): AsyncGenerator<Event, void, void> {
	const { signal, live = true, clock = systemClock, patienceMs = PATIENCE_MS } = options
	let cursor = options.after
	let away: Away | null = null
	while (!signal?.aborted) {
		try {
			const body = await openStream(client, options, cursor)
			away = { since: clock.now(), pauseMs: FIRST_PAUSE_MS }
			await options.onConnected?.()
			for await (const message of readServerSent(body)) {
				if (signal?.aborted) return
				cursor = message.lastId ?? cursor
				if (cursor !== undefined) options.onCursor?.(cursor)
				if (message.data !== null) yield toEvent(message)
				away.since = clock.now()
			}
			if (!live) return
		} catch (thrown) {
			if (signal?.aborted) return
			if (away === null || !isPassing(thrown) || clock.now() - away.since > patienceMs) throw thrown
		}
		options.onBroken?.()
		away = await pause(clock, away, signal)
	}
}

interface Away {
	since: number
	readonly pauseMs: number
}

async function openStream({ url, headers, fetch }: MseClient, options: FollowOptions, cursor: string | undefined) {
	const query = new URLSearchParams(options.filter)
	if (options.live === false) query.set('follow', 'false')
	const init = {
		headers: { ...headers, accept: 'text/event-stream', ...(cursor !== undefined && { 'last-event-id': cursor }) },
		...(options.signal && { signal: options.signal }),
	}
	const response = await fetch(`${url}/v1/events?${query}`, init).catch((thrown) => {
		throw unreachable(url, thrown)
	})
	if (response.ok && response.body !== null) return response.body
	const text = await response.text()
	throw fromAnswer(url, response.status, parseJson(text) ?? text)
}

/** A message that is no event tells why the stream ends. */
function toEvent({ type, data }: SentMessage): Event {
	const value = parseJson(data ?? '') as Event & { readonly error?: string }
	if (type === 'message') return value
	throw new MseError(type === 'cursor_expired' ? 'gone' : 'unavailable', value?.error ?? messageOf(data), { code: type })
}

/** A server that restarts refuses connections, breaks streams, or is full of readers for a while. */
function isPassing(thrown: unknown): boolean {
	return !(thrown instanceof MseError) || thrown.kind === 'unavailable'
}

async function pause(clock: Clock, away: Away | null, signal: AbortSignal | undefined): Promise<Away> {
	const { since, pauseMs } = away ?? { since: clock.now(), pauseMs: FIRST_PAUSE_MS }
	await sleep(clock, pauseMs, signal).catch(() => {})
	return { since, pauseMs: Math.min(pauseMs * 2, LONGEST_PAUSE_MS) }
}
