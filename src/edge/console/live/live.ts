import { sleep, systemClock } from '../../../kernel/clock.ts'
import { MseError } from '../../../kernel/error.ts'
import type { Event } from '../../../protocol/event.ts'
import type { MseClient } from '../../client/client.ts'
import { followEvents } from '../../client/follow-events.ts'

/** `refused` wants another token and does nothing more. `asleep`: nobody looks at the tab. */
export type LiveState = 'connecting' | 'live' | 'reconnecting' | 'asleep' | 'refused'

/** An event, or `all` when some may have been missed and everything shown has to be read anew. */
export type Change = Event | 'all'

/** The server's event log as the console follows it. */
export interface Live {
	state(): LiveState
	/** The returned function ends it. */
	onState(listener: () => void): () => void
	onChange(listener: (change: Change) => void): () => void
	refuse(): void
	close(): void
}

const FIRST_PAUSE_MS = 300
const LONGEST_PAUSE_MS = 3000
/** A tab nobody looks at gives its connection back after so long: a browser has six for all tabs of a server. */
const ASLEEP_AFTER_MS = 30_000

/** Follows the log from now on until it is closed, however often the server goes away. */
export function openLive(client: MseClient): Live {
	const states = new Set<() => void>()
	const changes = new Set<(change: Change) => void>()
	const closing = new AbortController()
	let state: LiveState = 'connecting'
	const move = (next: LiveState): void => {
		if (state === next || state === 'refused') return
		state = next
		for (const listener of states) listener()
	}
	const tell = (change: Change): void => {
		for (const listener of changes) listener(change)
	}
	const live: Live = {
		state: () => state,
		onState: (listener) => added(states, listener),
		onChange: (listener) => added(changes, listener),
		refuse() {
			move('refused')
			closing.abort()
		},
		close: () => closing.abort(),
	}
	void keepFollowing(client, closing.signal, move, tell)
	return live
}

function added<T>(listeners: Set<T>, listener: T): () => void {
	listeners.add(listener)
	return () => listeners.delete(listener)
}

type Move = (state: LiveState) => void
type Tell = (change: Change) => void

async function keepFollowing(client: MseClient, closing: AbortSignal, move: Move, tell: Tell): Promise<void> {
	let cursor: string | undefined = 'latest'
	let pauseMs = FIRST_PAUSE_MS
	while (!closing.aborted) {
		const hidden = untilHidden(closing)
		const onConnected = (): void => {
			pauseMs = FIRST_PAUSE_MS
			move('live')
			// What happened before the first event of a stream has no cursor yet, so nothing shown is trusted.
			tell('all')
		}
		const options = { after: cursor, signal: hidden.signal, patienceMs: Number.POSITIVE_INFINITY, onConnected }
		try {
			for await (const event of followEvents(client, { ...options, onBroken: () => move('reconnecting') })) {
				cursor = String(event.seq)
				tell(event)
			}
		} catch (thrown) {
			if (isLostCursor(thrown)) cursor = 'latest'
		}
		hidden.stop()
		if (closing.aborted) return
		if (hidden.signal.aborted) {
			move('asleep')
			await untilSeen(closing)
			continue
		}
		move('reconnecting')
		await sleep(systemClock, pauseMs, closing).catch(() => {})
		pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
	}
}

/** The log was cut, or is another one: what is shown is read anew and followed from there. */
const isLostCursor = (thrown: unknown): boolean => thrown instanceof MseError && thrown.code.startsWith('cursor_')

/** A signal that fires when the tab was out of sight for long, or with `closing`. */
function untilHidden(closing: AbortSignal): { readonly signal: AbortSignal; stop(): void } {
	const left = new AbortController()
	let timer: ReturnType<typeof setTimeout> | undefined
	const look = (): void => {
		clearTimeout(timer)
		if (document.hidden) timer = setTimeout(() => left.abort(), ASLEEP_AFTER_MS)
	}
	document.addEventListener('visibilitychange', look)
	look()
	return {
		signal: AbortSignal.any([closing, left.signal]),
		stop() {
			clearTimeout(timer)
			document.removeEventListener('visibilitychange', look)
		},
	}
}

function untilSeen(closing: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		const done = (): void => {
			document.removeEventListener('visibilitychange', look)
			closing.removeEventListener('abort', done)
			resolve()
		}
		const look = (): void => {
			if (!document.hidden) done()
		}
		document.addEventListener('visibilitychange', look)
		closing.addEventListener('abort', done)
		look()
	})
}
