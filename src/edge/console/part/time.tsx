import { useNow } from '../live/now.ts'
import { ageText, deadlineText } from '../view/duration.ts'

/** How long ago that was, going on; `at` in milliseconds. */
export function Age({ at }: { readonly at: number }) {
	const now = useNow()
	return (
		<time className="number" dateTime={iso(at)} title={local(at)}>
			{ageText(now - at)}
		</time>
	)
}

/** What is left until a deadline, counting down; `at` in milliseconds. */
export function Deadline({ at }: { readonly at: number }) {
	const now = useNow()
	const isClose = at - now < 60_000
	return (
		<time className="number deadline" data-close={isClose || undefined} dateTime={iso(at)} title={local(at)}>
			{deadlineText(at, now)}
		</time>
	)
}

/** A point in time, in the reader's own time zone; of today only the time. */
export function When({ at }: { readonly at: number }) {
	return (
		<time className="number" dateTime={iso(at)} title={`${local(at)} (${iso(at)})`}>
			{short(at)}
		</time>
	)
}

const iso = (at: number): string => new Date(at).toISOString()
const local = (at: number): string => new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
const isToday = (at: number): boolean => new Date(at).toDateString() === new Date().toDateString()
const short = (at: number): string => (isToday(at) ? new Date(at).toLocaleTimeString(undefined, { timeStyle: 'medium' }) : local(at))
