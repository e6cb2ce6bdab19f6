import { Type } from '@sinclair/typebox'
import type { EventFilter } from '../../../core/event/filter.ts'
import { type Follower, follow, openCursor } from '../../../core/event/follow.ts'
import type { EventLog } from '../../../core/event/log.ts'
import type { OpenStreams } from '../../../core/event/open-streams.ts'
import type { Clock } from '../../../kernel/clock.ts'
import { MseError } from '../../../kernel/error.ts'
import type { Logger } from '../../../kernel/log.ts'
import { refusals } from '../../../protocol/error.ts'
import { type EventQuery, EventQuerySchema, EventSchema, EventStreamSchema } from '../../../protocol/event.ts'
import { swarmRoutes } from '../failure.ts'
import type { Socket } from '../socket.ts'
import { eventStream, pageEncoder } from '../sse.ts'
import type { StreamLimits } from '../stall.ts'
import { socketRoute } from '../ws.ts'

export interface EventDeps {
	readonly events: EventLog
	/** Knows how far each stream is. */
	readonly streams: OpenStreams
	readonly clock: Clock
	readonly log: Logger
	/** Most streams at a time, of both sorts together. */
	readonly subscribers: number
	/** Fires when the server stops: streams end, and their readers come back with a cursor. */
	readonly stopping: AbortSignal
	readonly streamLimits?: StreamLimits
}

/** The event log, replayed from a cursor and then live: as server-sent events and over a WebSocket. */
export const eventRoutes = (deps: EventDeps) => {
	const seats = newSeats(deps.subscribers)
	const encode = pageEncoder()
	return swarmRoutes('events')
		.get(
			'/v1/events',
			async ({ query, request, server }) => {
				const leave = seats.take()
				try {
					const after = request.headers.get('last-event-id') ?? query.after
					const left = new AbortController()
					const follower = await open(deps, query, after, AbortSignal.any([request.signal, left.signal]))
					server?.timeout(request, 0)
					const close = deps.streams.enter(follower.position)
					return eventStream(follower, { ...deps, encode }, () => {
						left.abort()
						close()
						leave()
					})
				} catch (error) {
					leave()
					throw error
				}
			},
			{
				query: Type.Composite([EventQuerySchema], { additionalProperties: true }),
				detail: { summary: 'Replays the event log from a cursor and follows it, as server-sent events' },
				response: { 200: EventStreamSchema, ...refusals(400, 410, 503) },
			},
		)
		.ws('/v1/events/ws', eventSocket(deps, seats))
}

const Silence = Type.Object({})

function eventSocket(deps: EventDeps, seats: Seats) {
	return socketRoute({
		in: Silence,
		out: EventSchema,
		isShared: true,
		refuses: [410, 503],
		detail: { summary: 'Replays the event log from a cursor and follows it, over a WebSocket' },
		log: deps.log,
		limits: deps.streamLimits,
		clock: deps.clock,
		async admit({ query }) {
			seats.check()
			// The cursor is checked here, while there still is an HTTP answer to refuse it with.
			return { query, after: await openCursor(deps.events, query.after) }
		},
		open(socket) {
			if (seats.isFull()) return socket.close(1013, 'all event streams are in use')
			void pour(deps, socket).finally(seats.take())
		},
		message() {},
	})
}

/** Writes page after page, waiting for the socket's queue in between; a slow reader is served from the log again. */
async function pour(
	deps: EventDeps,
	socket: Socket<(typeof EventSchema)['static'], { readonly query: EventQuery; readonly after: number }>,
): Promise<void> {
	const { query, after } = socket.caller
	const signal = AbortSignal.any([socket.closed, deps.stopping])
	const follower = follow(deps.events, { after, filter: toFilter(query), live: query.follow !== 'false', signal })
	const close = deps.streams.enter(follower.position)
	try {
		for await (const page of follower.pages) {
			for (let left = page; left.length > 0; left = left.slice(socket.sendAll(left))) {
				await socket.drained()
				if (socket.closed.aborted) return
			}
		}
		if (deps.stopping.aborted) socket.close(1001, 'server is stopping')
		else socket.close(1000, 'caught up')
	} catch (error) {
		const isExpired = error instanceof MseError && error.code === 'cursor_expired'
		socket.close(isExpired ? 4410 : 1011, isExpired ? 'cursor_expired' : 'the log could not be read')
	} finally {
		close()
	}
}

async function open(deps: EventDeps, query: EventQuery, after: string | undefined, gone: AbortSignal): Promise<Follower> {
	const cursor = await openCursor(deps.events, after)
	const signal = AbortSignal.any([gone, deps.stopping])
	return follow(deps.events, { after: cursor, filter: toFilter(query), live: query.follow !== 'false', signal })
}

function toFilter({ run, task, worker, operator, kind }: EventQuery): EventFilter {
	const kinds = kind?.split(',').filter((prefix) => prefix !== '') ?? []
	return { run, task, worker, operator, kinds: kinds.length > 0 ? kinds : undefined }
}

type Seats = ReturnType<typeof newSeats>

/** Counts the streams that are open. */
function newSeats(limit: number) {
	let taken = 0
	const isFull = (): boolean => taken >= limit
	const check = (): void => {
		if (isFull())
			throw new MseError('unavailable', `All ${limit} event streams are in use.`, {
				code: 'too_many_subscribers',
				hint: 'Close one, or raise `limits.subscribers`.',
				details: { limit },
			})
	}
	return {
		isFull,
		check,
		/** Returns what gives the seat back; calling that twice is fine. */
		take(): () => void {
			check()
			taken++
			let left = false
			return () => {
				if (!left) taken--
				left = true
			}
		},
	}
}
