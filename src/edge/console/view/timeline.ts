import type { Event } from '../../../protocol/event.ts'
import type { StepEntry } from '../../../protocol/run.ts'
import { durationText } from './duration.ts'
import { wordOf } from './flow-state.ts'

/** A stretch of time in parts of the whole: 0 is the beginning, 1 the end. */
export interface Bar {
	readonly from: number
	readonly to: number
	readonly word: string
	readonly title: string
}

export interface TimelineRow {
	readonly stepId: string
	readonly title: string
	readonly position: string
	readonly word: string
	/** How long it took or takes. */
	readonly took: string
	/** One for each attempt; one for the whole step where the log has none of them any more. */
	readonly bars: readonly Bar[]
}

export interface Timeline {
	readonly rows: readonly TimelineRow[]
	readonly ticks: readonly { readonly at: number; readonly text: string }[]
}

/** One try at a step, from the events of its run. */
export interface Try {
	readonly n: number
	readonly backend: string | null
	readonly startedAt: number
	readonly endedAt: number | null
	/** Null while it is at work. */
	readonly status: string | null
	readonly error: string | null
	/** When the next one begins, where it was put off. */
	readonly nextAt: number | null
}

/** Steps and attempts of a run over time, in the order they began. Times are milliseconds; what is open goes on until `now`. */
export function timelineOf(
	entries: readonly StepEntry[],
	tries: ReadonlyMap<string, readonly Try[]>,
	waiting: ReadonlySet<string>,
	now: number,
): Timeline {
	const steps = entries.map((entry) => ({ entry, from: startOf(entry), to: endOf(entry, now) })).sort((a, b) => a.from - b.from)
	const begin = steps[0]?.from ?? now
	const end = steps.reduce((latest, { to }) => Math.max(latest, to), begin + 1)
	const part = (at: number): number => Math.min(1, Math.max(0, (at - begin) / (end - begin)))
	const rows = steps.map(({ entry, from, to }): TimelineRow => {
		const word = wordOf(entry, waiting)
		const own = tries.get(entry.step_id) ?? []
		const whole: Bar = { from: part(from), to: part(to), word, title: `${word}, ${durationText(to - from)}` }
		return {
			...{ stepId: entry.step_id, title: entry.step_ref ?? entry.step_id, position: entry.position, word },
			took: durationText(to - from),
			bars: own.length === 0 ? [whole] : own.map((one) => tryBar(one, word, part, now)),
		}
	})
	return { rows, ticks: ticksOf(end - begin) }
}

/** The tries at each step, by step id. Events of other kinds are passed over. */
export function triesOf(events: readonly Event[]): ReadonlyMap<string, readonly Try[]> {
	const tries = new Map<string, Try[]>()
	for (const { kind, step_id: id, at, data } of events) {
		if (id === undefined) continue
		const list = tries.get(id) ?? []
		if (kind === 'attempt.started') tries.set(id, [...list, begun(data, at)])
		else if (kind === 'attempt.ended')
			tries.set(
				id,
				changed(list, data.attempt, (one) => ({ ...one, ...ended(data, at) })),
			)
		else if (kind === 'attempt.retry_scheduled')
			tries.set(
				id,
				changed(list, data.attempt, (one) => ({ ...one, nextAt: numberOr(data.wake_at, null) })),
			)
	}
	return tries
}

const startOf = ({ started_at_ms, at }: StepEntry): number => started_at_ms ?? at * 1000
const endOf = (entry: StepEntry, now: number): number =>
	entry.completed_at_ms ?? (entry.status === null ? Math.max(now, startOf(entry)) : startOf(entry))

function tryBar(one: Try, stepWord: string, part: (at: number) => number, now: number): Bar {
	const to = one.endedAt ?? now
	const word = one.status ?? stepWord
	return {
		from: part(one.startedAt),
		to: part(to),
		word,
		title: `attempt ${one.n}: ${word}, ${durationText(to - one.startedAt)}${one.error === null ? '' : `, ${one.error}`}`,
	}
}

type Data = Event['data']

const begun = (data: Data, at: number): Try => ({
	...{ n: numberOr(data.attempt, 1), backend: textOrNull(data.backend), startedAt: at },
	...{ endedAt: null, status: null, error: null, nextAt: null },
})

const ended = (data: Data, at: number) => ({ endedAt: at, status: textOrNull(data.status), error: textOrNull(data.error) })

function changed(list: readonly Try[], n: unknown, change: (one: Try) => Try): Try[] {
	return list.map((one) => (one.n === n ? change(one) : one))
}

const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500]
const SECOND = 1000
const ROUND_MS = [
	...STEPS,
	...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
	...[1, 2, 5, 10, 15, 30].map((n) => n * 60 * SECOND),
	...[1, 2, 4, 8, 12, 24, 48, 96, 168].map((n) => n * 3600 * SECOND),
]

/** Round durations along the way, five or so. */
function ticksOf(total: number): Timeline['ticks'] {
	const every = ROUND_MS.find((round) => total / round <= 6) ?? total
	const count = Math.floor(total / every)
	return Array.from({ length: count + 1 }, (_, n) => ({ at: (n * every) / total, text: n === 0 ? '0' : durationText(n * every) }))
}

const numberOr = <T>(value: unknown, otherwise: T): number | T => (typeof value === 'number' ? value : otherwise)
const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null)
