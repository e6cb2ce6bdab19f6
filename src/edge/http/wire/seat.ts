import type { Run } from '../../../core/run/record.ts'
import type { Acquired } from '../../../core/run/steer/acquire.ts'
import type { SeatView } from '../../../protocol/seat.ts'
import { toHolder } from './run.ts'

/** Every declared seat in the Blueprint's order, then any other that somebody holds. `declared` is null when the Blueprint cannot be read. */
export function toSeats(run: Run, declared: readonly string[] | null) {
	const known = declared ?? []
	const others = run.seats.map(({ slot }) => slot).filter((slot) => !known.includes(slot))
	const seats = [...known, ...others].map((slot): SeatView => {
		const seat = run.seats.find((held) => held.slot === slot)
		return { slot, vacant: seat === undefined, holder: seat ? toHolder(seat) : null, declared: known.includes(slot) }
	})
	return { seats, seats_source: declared === null ? ('run_current_only' as const) : ('blueprint' as const), note: noteOn(seats, declared) }
}

function noteOn(seats: readonly SeatView[], declared: readonly string[] | null): string | null {
	if (declared === null) return 'The Blueprint of this run cannot be read, so only seats that somebody holds are listed.'
	const vacant = seats.filter((seat) => seat.vacant).map(({ slot }) => slot)
	if (vacant.length === 0) return null
	return `Vacant: ${vacant.join(', ')}. Their steps wait until somebody acquires the seat or joins under its name.`
}

export function toAcquired({ run, seat, previous, discarded }: Acquired) {
	return {
		run_id: run.id,
		slot: seat.slot,
		gen: seat.generation,
		previous: previous && toHolder(previous),
		...(previous && { t_discard: { discarded, not_discarded: NOT_DISCARDED } }),
	}
}

const NOT_DISCARDED =
	'Requests of other seats and other runs stay. A step whose worker had already posted its result goes on with that; any other goes to the new holder as a new attempt.'
