import { useEffect, useRef, useState } from 'react'
import type { MseError } from '../../../kernel/error.ts'
import type { Event } from '../../../protocol/event.ts'
import type { MseClient } from '../../client/client.ts'
import { type Connection, failureOf, useConnection } from './connection.ts'
import type { Change } from './live.ts'

/** What is known of an answer: the newest one stays while the next is on its way. */
export interface Query<T> {
	readonly data: T | undefined
	readonly error: MseError | null
	/** Reads it anew. */
	readonly refresh: () => void
}

/** At most one read in so long, however much happens; twice as long as the last one took, where that is more. */
const CALM_MS = 250
const MOST_REMEMBERED = 200

/**
 * What `load` answers, read anew when an event arrives that `touches` it, after a gap in the events, and when `key` changes.
 * Never asked for by the clock. A null key asks for nothing.
 */
export function useQuery<T>(key: string | null, load: (client: MseClient) => Promise<T>, touches: (event: Event) => boolean): Query<T> {
	const connection = useConnection()
	const [found, setFound] = useState<Found<T>>({ key, data: recall<T>(connection, key), error: null })
	const latest = useRef({ load, touches })
	latest.current = { load, touches }
	const again = useRef<() => void>(() => {})
	useEffect(() => {
		if (key === null) return undefined
		const reading = newReading(
			() => latest.current.load(connection.client),
			(answer) => {
				if ('data' in answer) remember(connection, key, answer.data)
				setFound((before) => ({ key, data: before.key === key ? before.data : undefined, error: null, ...answer }))
			},
		)
		again.current = reading.ask
		const stop = connection.live.onChange((change) => {
			if (change === 'all' || latest.current.touches(change)) reading.ask()
		})
		reading.ask()
		return () => {
			stop()
			reading.stop()
		}
	}, [connection, key])
	const isOurs = found.key === key
	return {
		data: isOurs && found.data !== undefined ? found.data : recall<T>(connection, key),
		error: isOurs ? found.error : null,
		refresh: () => again.current(),
	}
}

interface Found<T> {
	readonly key: string | null
	readonly data: T | undefined
	readonly error: MseError | null
}

type Answer<T> = { readonly data: T } | { readonly error: MseError }

/** One read at a time; asking meanwhile means once more, after a calm. */
function newReading<T>(read: () => Promise<T>, take: (answer: Answer<T>) => void) {
	let state: 'idle' | 'busy' | 'again' | 'stopped' = 'idle'
	let calm: ReturnType<typeof setTimeout> | undefined
	const isStopped = (): boolean => state === 'stopped'
	const ask = (): void => {
		if (state === 'busy') state = 'again'
		if (state !== 'idle') return
		state = 'busy'
		const began = performance.now()
		read()
			.then(
				(data) => ({ data }),
				(thrown) => ({ error: failureOf(thrown) }),
			)
			.then((answer) => {
				if (isStopped()) return
				take(answer)
				calm = setTimeout(rest, Math.max(CALM_MS, 2 * (performance.now() - began)))
			})
	}
	const rest = (): void => {
		const wasAsked = state === 'again'
		state = 'idle'
		if (wasAsked) ask()
	}
	return {
		ask,
		stop() {
			state = 'stopped'
			clearTimeout(calm)
		},
	}
}

const recall = <T>({ remembered }: Connection, key: string | null): T | undefined =>
	key === null ? undefined : (remembered.get(key) as T | undefined)

function remember({ remembered }: Connection, key: string, data: unknown): void {
	remembered.delete(key)
	remembered.set(key, data)
	const [oldest] = remembered.keys()
	if (remembered.size > MOST_REMEMBERED && oldest !== undefined) remembered.delete(oldest)
}

/** Something a person sets going: once at a time, and what the server said against it stays until the next try. */
export interface Action<A> {
	readonly isBusy: boolean
	readonly error: MseError | null
	/** Resolves to whether it went well. */
	readonly start: (argument: A) => Promise<boolean>
}

/** `perform` throws what the server refuses. */
export function useAction<A = void>(perform: (client: MseClient, argument: A) => Promise<unknown>): Action<A> {
	const { client } = useConnection()
	const [state, setState] = useState<{ readonly isBusy: boolean; readonly error: MseError | null }>({ isBusy: false, error: null })
	const busy = useRef(false)
	const start = async (argument: A): Promise<boolean> => {
		if (busy.current) return false
		busy.current = true
		setState({ isBusy: true, error: null })
		const error = await perform(client, argument).then(() => null, failureOf)
		busy.current = false
		setState({ isBusy: false, error })
		return error === null
	}
	return { ...state, start }
}

/** Calls `listener` with each change for as long as the part is shown. */
export function useChanges(listener: (change: Change) => void): void {
	const { live } = useConnection()
	const latest = useRef(listener)
	latest.current = listener
	useEffect(() => live.onChange((change) => latest.current(change)), [live])
}
