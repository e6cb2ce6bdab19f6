import type { Event } from '../../../src/protocol/event.ts'
import { eventually } from '../../support/eventually.ts'
import { call } from './api.ts'

export interface EventReader extends Disposable {
	/** Everything read so far, in the order in which it came. */
	readonly events: readonly Event[]
	/** Resolves with the first event that fits, read already or yet to come. */
	first(kind: string, fits?: (event: Event) => boolean): Promise<Event>
}

/** Follows `GET /v1/events`; when the connection breaks it comes back with `Last-Event-ID`, as a browser does, until it is disposed. */
export function followEvents(url: string, query = '', observe: (event: Event) => void = () => {}): EventReader {
	const events: Event[] = []
	const left = new AbortController()
	const take = (event: Event): void => {
		events.push(event)
		observe(event)
	}
	void keepReading(`${url}/v1/events?${query}`, left.signal, take)
	return {
		events,
		first: (kind, fits = () => true) =>
			eventually(() => events.find((event) => event.kind === kind && fits(event)), {
				what: `an event ${kind} of the sort`,
			}),
		[Symbol.dispose]: () => left.abort(),
	}
}

/** The whole log as it stands on disk. */
export async function readLog(url: string, query = ''): Promise<readonly Event[]> {
	const { body } = await call<string>('GET', `${url}/v1/events?follow=false&${query}`)
	return body.split('\n\n').flatMap((block) => eventOf(block) ?? [])
}

const PAUSE_MS = 5

/** A refusal is a defect of the test or the server: it rejects, which fails the test run. */
async function keepReading(url: string, signal: AbortSignal, take: (event: Event) => void): Promise<void> {
	let last: string | undefined
	const read = async (response: Response): Promise<void> => {
		for await (const block of blocksOf(response)) {
			const event = eventOf(block)
			if (!event) continue
			last = String(event.seq)
			take(event)
		}
	}
	while (!signal.aborted) {
		const response = await fetch(url, { signal, headers: last === undefined ? {} : { 'last-event-id': last } }).catch(() => null)
		if (response && !response.ok) throw new Error(`the event stream was refused: ${response.status} ${await response.text()}`)
		if (response) await read(response).catch(() => {})
		await Bun.sleep(PAUSE_MS)
	}
}

/** Blocks that came whole; what a broken connection cut off is not one. */
async function* blocksOf({ body }: Response): AsyncGenerator<string> {
	const decoder = new TextDecoder()
	let begun = ''
	for await (const chunk of body ?? []) {
		const blocks = (begun + decoder.decode(chunk, { stream: true })).split('\n\n')
		begun = blocks.pop() ?? ''
		yield* blocks
	}
}

function eventOf(block: string): Event | null {
	const data = /^data: (.*)$/m.exec(block)?.[1]
	return data === undefined ? null : (JSON.parse(data) as Event)
}
