import { useEffect, useRef, useState } from 'react'
import type { Event } from '../../../protocol/event.ts'
import { followEvents } from '../../client/follow-events.ts'
import { type Connection, useConnection } from './connection.ts'

/** So many of the newest are kept. */
const MOST_EVENTS = 5000
const CALM_MS = 200

/** What happened in a run so far, oldest first, growing as it happens. Null asks for nothing. */
export function useRunEvents(runId: string | null): readonly Event[] {
	const connection = useConnection()
	const [events, setEvents] = useState<readonly Event[]>([])
	const kept = useRef<Event[]>([])
	useEffect(() => {
		if (runId === null) return undefined
		const reading = new AbortController()
		let calm: ReturnType<typeof setTimeout> | undefined
		kept.current = []
		const take = (event: Event): void => {
			if (event.run_id !== runId || event.seq <= (kept.current.at(-1)?.seq ?? 0)) return
			kept.current.push(event)
			if (kept.current.length > MOST_EVENTS) kept.current.splice(0, kept.current.length - MOST_EVENTS)
			calm ??= setTimeout(() => {
				calm = undefined
				setEvents([...kept.current])
			}, CALM_MS)
		}
		const stop = catchingUp(connection, runId, take, reading.signal)
		return () => {
			reading.abort()
			stop()
			clearTimeout(calm)
		}
	}, [connection, runId])
	return events
}

/** First what was, then what comes; after a gap what was missed, in order. Returns what stops it. */
function catchingUp(connection: Connection, runId: string, take: (event: Event) => void, signal: AbortSignal): () => void {
	let behind: Event[] | null = null
	let cursor: string | undefined
	const pass = (event: Event): void => {
		cursor = String(event.seq)
		take(event)
	}
	let isStale = false
	const read = async (): Promise<void> => {
		isStale = behind !== null
		if (behind !== null) return
		const waiting: Event[] = []
		behind = waiting
		const options = { filter: { run: runId }, live: false, signal, ...(cursor !== undefined && { after: cursor }) }
		try {
			for await (const event of followEvents(connection.client, options)) pass(event)
		} catch {
			// The next change of the connection tries again; what is shown until then is not wrong, only short.
		}
		for (const event of waiting) pass(event)
		behind = null
		if (isStale && !signal.aborted) await read()
	}
	void read()
	return connection.live.onChange((change) => {
		if (change === 'all') void read()
		else if (change.run_id === runId) (behind ?? { push: pass }).push(change)
	})
}
