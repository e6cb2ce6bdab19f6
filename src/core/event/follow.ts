import { MseError } from '../../kernel/error.ts'
import type { Event } from '../../protocol/event.ts'
import type { EventFilter } from './filter.ts'
import type { EventLog } from './log.ts'
import type { TailReader } from './tail.ts'

export interface FollowOptions {
	/** As `openCursor` gave it. */
	readonly after: number
	readonly filter: EventFilter
	/** False: end once everything committed so far was given. */
	readonly live: boolean
	readonly signal: AbortSignal
	/** Most events in one page. */
	readonly pageSize?: number
}

/** A place in the log that moves on. */
export interface Follower {
	/** Everything up to here was given or did not match; a cursor to come back with. */
	position(): number
	/**
	 * Pages of matching facts in `seq` order, without gap or duplicate, first from the log and then as they are committed.
	 * A slow reader is served from the log again. Throws `gone` (code `cursor_expired`) when what comes next was dropped
	 * meanwhile. Ends when the signal fires. One consumer.
	 */
	readonly pages: AsyncGenerator<readonly Event[], void, void>
}

/**
 * The cursor a reader asks to start after. Absent or `0` is the oldest fact still kept, `latest` what is committed from now on.
 * Throws `malformed` (code `cursor_invalid`) for a cursor that this log never gave out, `gone` (`cursor_expired`) for one
 * whose next facts were dropped.
 */
export async function openCursor(log: EventLog, after: string | undefined): Promise<number> {
	const { oldest, newest, droppedTo } = await log.bounds()
	if (after === undefined || after === '' || after === '0') return Math.max(0, oldest - 1)
	if (after === 'latest') return newest
	const cursor = /^\d{1,15}$/.test(after) ? Number(after) : Number.POSITIVE_INFINITY
	if (cursor > newest) throw invalidCursor(newest)
	if (cursor < droppedTo || isExpired(cursor, oldest)) throw expiredCursor(cursor, oldest)
	return cursor
}

/** Reads on from a cursor; the one way in which views, streams and traces follow the log. */
export function follow(log: EventLog, options: FollowOptions): Follower {
	const place: Place = { seq: options.after, reader: undefined }
	return {
		position: () => (place.reader?.hasSeenAll ? Math.max(place.seq, log.tail.newest) : place.seq),
		pages: readPages(log, options, place),
	}
}

interface Place {
	/** Everything up to here was given or did not match. */
	seq: number
	/** While pages are read. */
	reader: TailReader | undefined
}

async function* readPages(
	log: EventLog,
	{ filter, live, signal, pageSize = 500 }: FollowOptions,
	place: Place,
): AsyncGenerator<readonly Event[], void, void> {
	const reader = log.tail.enter(filter)
	place.reader = reader
	signal.addEventListener('abort', reader.wake)
	try {
		const { newest, droppedTo: droppedBefore } = await log.bounds()
		log.tail.learn(newest)
		while (!signal.aborted) {
			const inMemory = reader.page(place.seq, pageSize)
			const page = inMemory ?? (await readOn(log, { filter, pageSize, droppedBefore }, place))
			const last = page.at(-1)
			if (last) {
				place.seq = Math.max(place.seq, last.seq)
				yield page
			} else if (inMemory) {
				place.seq = Math.max(place.seq, log.tail.newest)
				if (!live || signal.aborted) return
				await reader.something()
			}
		}
	} finally {
		signal.removeEventListener('abort', reader.wake)
		place.reader = undefined
		reader.leave()
	}
}

/** A page from the log. What is committed while it is read is in memory, so nothing falls between the two. */
async function readOn(
	log: EventLog,
	{ filter, pageSize, droppedBefore }: { filter: EventFilter; pageSize: number; droppedBefore: number },
	place: Place,
): Promise<readonly Event[]> {
	const committed = log.tail.newest
	const { oldest, droppedTo } = await log.bounds()
	const wasOvertaken = droppedTo > droppedBefore && place.seq < droppedTo
	if (wasOvertaken || isExpired(place.seq, oldest)) throw expiredCursor(place.seq, oldest)
	const page = await log.read(place.seq, filter, pageSize)
	// Of a last page it is known that nothing matches between it and what was committed before.
	if (page.length < pageSize) place.seq = Math.max(place.seq, committed)
	return page
}

/** Facts between the cursor and the oldest one kept are gone. */
const isExpired = (cursor: number, oldest: number): boolean => oldest > 0 && cursor + 1 < oldest

function invalidCursor(newest: number): MseError {
	return new MseError('malformed', 'This cursor was not given out by this log.', {
		code: 'cursor_invalid',
		hint: 'Start without a cursor, or with `after=latest`.',
		details: { newest },
	})
}

function expiredCursor(cursor: number, oldest: number): MseError {
	return new MseError('gone', `The events after ${cursor} are no longer kept.`, {
		code: 'cursor_expired',
		hint: 'Read the present state, then start without a cursor.',
		details: { oldest },
	})
}
