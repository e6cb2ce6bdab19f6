import type { Event } from '../../protocol/event.ts'
import { type EventFilter, matches } from './filter.ts'

/** Readers of one filter. */
interface Group {
	readonly filter: EventFilter
	readonly readers: Set<Reader>
	/** Something of theirs was committed that they were not woken for yet. */
	isDue: boolean
	/** The page made last is the page of everybody who asks from the same place. */
	page(place: string, make: () => readonly Event[]): readonly Event[]
}

interface Reader {
	readonly isWaiting: boolean
	something(): Promise<void>
	wake(): void
}

/** Readers by what they wait for: a fact is looked at once for each filter that it could match, not for each reader. */
export class ReaderIndex {
	readonly #groups = new Map<string, Group>()
	/** Groups by the one run, task, worker or operator they follow, and under `''` those that follow all. */
	readonly #bySubject = new Map<string, Set<Group>>()
	readonly #due = new Set<Group>()

	get isEmpty(): boolean {
		return this.#groups.size === 0
	}

	enter(filter: EventFilter): { readonly group: Group; readonly reader: Reader; leave(): void } {
		const key = keyOf(filter)
		const group = this.#groups.get(key) ?? this.#open(key, filter)
		const reader = newReader()
		group.readers.add(reader)
		const leave = (): void => {
			group.readers.delete(reader)
			if (group.readers.size === 0) this.#close(key, group)
		}
		return { group, reader, leave }
	}

	/** Notes whom these facts are for; false when there is nobody. */
	markDue(facts: readonly Event[]): boolean {
		for (const fact of facts)
			for (const subject of subjectsOf(fact))
				for (const group of this.#bySubject.get(subject) ?? []) if (!group.isDue && matches(fact, group.filter)) this.#mark(group)
		return this.#due.size > 0
	}

	wakeDue(): void {
		const due = [...this.#due]
		this.#due.clear()
		for (const group of due) {
			for (const reader of group.readers) reader.wake()
			group.isDue = false
		}
	}

	#mark(group: Group): void {
		group.isDue = true
		this.#due.add(group)
	}

	#open(key: string, filter: EventFilter): Group {
		const group = newGroup(filter)
		this.#groups.set(key, group)
		const subject = subjectOf(filter)
		this.#bySubject.set(subject, (this.#bySubject.get(subject) ?? new Set()).add(group))
		return group
	}

	#close(key: string, group: Group): void {
		if (this.#groups.get(key) !== group) return
		this.#groups.delete(key)
		this.#due.delete(group)
		const subject = subjectOf(group.filter)
		const ofSubject = this.#bySubject.get(subject)
		ofSubject?.delete(group)
		if (ofSubject?.size === 0) this.#bySubject.delete(subject)
	}
}

function newGroup(filter: EventFilter): Group {
	let last: { readonly place: string; readonly facts: readonly Event[] } | undefined
	return {
		filter,
		readers: new Set(),
		isDue: false,
		page(place, make) {
			if (last?.place !== place) last = { place, facts: make() }
			return last.facts
		},
	}
}

function newReader(): Reader {
	let notify: (() => void) | undefined
	return {
		get isWaiting() {
			return notify !== undefined
		},
		something: () =>
			new Promise((resolve) => {
				notify = resolve
			}),
		wake() {
			notify?.()
			notify = undefined
		},
	}
}

const keyOf = ({ run, task, worker, operator, kinds }: EventFilter): string =>
	JSON.stringify([run ?? null, task ?? null, worker ?? null, operator ?? null, kinds ?? null])

/** The narrowest thing that a filter names. */
function subjectOf({ run, task, worker, operator }: EventFilter): string {
	if (run !== undefined) return `run ${run}`
	if (worker !== undefined) return `worker ${worker}`
	if (task !== undefined) return `task ${task}`
	return operator === undefined ? '' : `operator ${operator}`
}

function subjectsOf({ run_id, task_id, worker, operator }: Event): readonly string[] {
	return [
		'',
		...(run_id === undefined ? [] : [`run ${run_id}`]),
		...(worker === undefined ? [] : [`worker ${worker}`]),
		...(task_id === undefined ? [] : [`task ${task_id}`]),
		...(operator === undefined ? [] : [`operator ${operator}`]),
	]
}
