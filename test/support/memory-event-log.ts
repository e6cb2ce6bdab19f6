import { matches } from '../../src/core/event/filter.ts'
import type { EventLog } from '../../src/core/event/log.ts'
import { EventTail } from '../../src/core/event/tail.ts'
import type { Event, EventKind } from '../../src/protocol/event.ts'

/** An event log in memory whose commits the test makes itself. `reads` counts pages asked for, `duringRead` runs while one is on its way. */
export function memoryEventLog() {
	const facts: Event[] = []
	const listeners = new Set<(facts: readonly Event[]) => void>()
	let seq = 0
	const log: EventLog & { reads: number; duringRead: () => void } = {
		reads: 0,
		duringRead: () => {},
		async read(after, filter, limit) {
			log.reads++
			const page = facts.filter((fact) => fact.seq > after && matches(fact, filter)).slice(0, limit)
			log.duringRead()
			return page
		},
		bounds: async () => ({ oldest: facts[0]?.seq ?? 0, newest: seq, droppedTo: 0 }),
		tail: new EventTail((listener) => log.subscribe(listener)),
		subscribe(listener) {
			listeners.add(listener)
			return () => void listeners.delete(listener)
		},
	}
	return {
		log,
		listeners,
		commit(kinds: readonly EventKind[], fields: Partial<Event> = {}): readonly Event[] {
			const added = kinds.map((kind): Event => ({ at: 1000 + seq, data: {}, ...fields, kind, seq: ++seq }))
			facts.push(...added)
			for (const listener of listeners) listener(added)
			return added
		},
		/** Forgets everything before `oldest`, as retention does. */
		drop: (oldest: number) =>
			void facts.splice(
				0,
				facts.findIndex((fact) => fact.seq >= oldest),
			),
	}
}
