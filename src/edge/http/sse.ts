import type { Follower } from '../../core/event/follow.ts'
import type { Clock } from '../../kernel/clock.ts'
import { toMseError } from '../../kernel/error.ts'
import type { Logger } from '../../kernel/log.ts'
import type { Event } from '../../protocol/event.ts'
import { STREAM_LIMITS, type StreamLimits, stalledReason, stallWatch } from './stall.ts'

export interface StreamDeps {
	readonly clock: Clock
	readonly log: Logger
	readonly streamLimits?: StreamLimits
	readonly encode: PageEncoder
}

type PageEncoder = (page: readonly Event[]) => Uint8Array

const HEARTBEAT_MS = 15_000
const encoder = new TextEncoder()

/** Makes a page that many streams are given into bytes once. */
export function pageEncoder(): PageEncoder {
	const made = new WeakMap<readonly Event[], Uint8Array>()
	return (page) => {
		const known = made.get(page)
		if (known) return known
		const bytes = encoder.encode(page.map(toText).join(''))
		made.set(page, bytes)
		return bytes
	}
}

/**
 * Server-sent events of a follower: `id:` is the seq, `data:` the event. Every 15 s without one a comment, with the cursor
 * to come back with. Pulled by the socket, so a slow reader holds one page and not a growing buffer; one
 * that takes nothing for too long is cut off. `onEnd` is called once.
 */
export function eventStream(
	follower: Follower,
	{ clock, log, encode, streamLimits = STREAM_LIMITS }: StreamDeps,
	onEnd: () => void,
): Response {
	const chunks = heartbeating(follower, clock, encode)
	let ended = false
	const end = (): void => {
		if (!ended) onEnd()
		ended = true
		stall.moved()
	}
	let writer: ReadableStreamDefaultController<Uint8Array> | undefined
	const stall = stallWatch(clock, streamLimits.stallMs, () => {
		const reason = stalledReason(streamLimits.stallMs)
		log.warn('an event stream was cut off', { reason, cursor: follower.position() })
		end()
		writer?.error(new Error(reason))
	})
	const body = new ReadableStream<Uint8Array>({
		async pull(controller) {
			writer = controller
			stall.moved()
			const { value, done } = await chunks.next()
			if (ended) return
			if (!done) {
				stall.waiting()
				return controller.enqueue(value)
			}
			end()
			controller.close()
		},
		cancel: end,
	})
	return new Response(body, { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' } })
}

async function* heartbeating({ pages, position }: Follower, clock: Clock, encode: PageEncoder): AsyncGenerator<Uint8Array, void, void> {
	yield encoder.encode('retry: 2000\n: connected\n\n')
	try {
		for (let next = pages.next(); ; ) {
			const page = await beforeHeartbeat(next, clock)
			if (page === 'heartbeat') {
				yield encoder.encode(`: heartbeat\nid: ${position()}\n\n`)
				continue
			}
			// Where it ended, also past what the filter left out.
			if (page.done) return yield encoder.encode(`id: ${position()}\n\n`)
			yield encode(page.value)
			next = pages.next()
		}
	} catch (error) {
		const { message, code } = toMseError(error)
		yield encoder.encode(`event: ${code}\ndata: ${JSON.stringify({ error: message, code })}\n\n`)
	}
}

function beforeHeartbeat<T>(next: Promise<T>, clock: Clock): Promise<T | 'heartbeat'> {
	return new Promise((resolve, reject) => {
		const cancel = clock.after(HEARTBEAT_MS, () => resolve('heartbeat'))
		next.then(resolve, reject).finally(cancel)
	})
}

const toText = (event: Event): string => `id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`
