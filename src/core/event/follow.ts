import { MseError } from '../../kernel/error.ts'
import type { Event } from '../../protocol/event.ts'
import { type EventFilter, type EventLog, matches } from './log.ts'

export interface FollowOptions {
	/** As `openCursor` gave it. */
	readonly after: number
	readonly filter: EventFilter
	/** False: end once everything committed so far was given. */
	readonly live: boolean
	readonly signal: AbortSignal
	/** Most events in one page, and most that wait in memory for a slow reader. */
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
	let position = options.after
	return {
		position: () => position,
		pages: readPages(
			log,
			options,
			() => position,
			(to) => {
				position = to
			},
		),
	}
}

async function* readPages(
	log: EventLog,
	{ filter, live, signal, pageSize = 500 }: FollowOptions,
	position: () => number,
	moveTo: (seq: number) => void,
): AsyncGenerator<readonly Event[], void, void> {
	const { droppedTo: droppedBefore } = await log.bounds()
	const inbox = newInbox(log, filter, pageSize)
	const wake = (): void => inbox.wake()
	signal.addEventListener('abort', wake)
	try {
		while (!signal.aborted) {
			const page = inbox.isBehind()
				? await readOn(log, { filter, pageSize, position: position(), droppedBefore }, inbox)
				: inbox.take(position())
			const last = page.at(-1)
			if (last) {
				moveTo(last.seq)
				yield page
			} else if (inbox.isEmpty()) {
				moveTo(Math.max(position(), inbox.seen()))
				if (!live || signal.aborted) return
				await inbox.something()
			}
		}
	} finally {
		signal.removeEventListener('abort', wake)
		inbox.close()
	}
}

/** A page from the log. What is committed while it is read goes to the inbox, so nothing falls between the two. */
async function readOn(
	log: EventLog,
	at: { filter: EventFilter; pageSize: number; position: number; droppedBefore: number },
	inbox: Inbox,
): Promise<readonly Event[]> {
	const { filter, pageSize, position, droppedBefore } = at
	inbox.catchUp()
	const { oldest, droppedTo } = await log.bounds()
	const wasOvertaken = droppedTo > droppedBefore && position < droppedTo
	if (wasOvertaken || isExpired(position, oldest)) throw expiredCursor(position, oldest)
	const page = await log.read(position, filter, pageSize)
	if (page.length === pageSize) inbox.fallBehind()
	return page
}

type Inbox = ReturnType<typeof newInbox>

/** What was committed since the last page; gives up, and is behind, when it grows over `size`. */
function newInbox(log: EventLog, filter: EventFilter, size: number) {
	let waiting: Event[] = []
	let behind = true
	let seen = 0
	let notify: (() => void) | undefined
	const wake = (): void => {
		notify?.()
		notify = undefined
	}
	const fallBehind = (): void => {
		behind = true
		waiting = []
	}
	const unsubscribe = log.subscribe((facts) => {
		if (behind) return
		seen = facts.at(-1)?.seq ?? seen
		for (const fact of facts) if (matches(fact, filter)) waiting.push(fact)
		if (waiting.length > size) fallBehind()
		wake()
	})
	return {
		isBehind: () => behind,
		/** Nothing waits here, and nothing is left to read from the log. */
		isEmpty: () => !behind && waiting.length === 0,
		fallBehind,
		catchUp(): void {
			behind = false
			waiting = []
		},
		take(after: number): readonly Event[] {
			const taken = waiting.filter(({ seq }) => seq > after)
			waiting = []
			return taken
		},
		/** The newest fact that passed by, matching or not. */
		seen: () => seen,
		wake,
		/** Resolves at the next commit, or at `wake`. */
		something: (): Promise<void> =>
			new Promise((resolve) => {
				notify = resolve
			}),
		close: unsubscribe,
	}
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
