import type { Event } from '../../protocol/event.ts'
import { type EventFilter, matches } from './filter.ts'
import { ReaderIndex } from './reader-index.ts'
import { newTurns } from './turns.ts'

/** So many facts are kept in memory; a reader that is further behind goes to the log itself. */
const KEPT_FACTS = 1000

/** A reader that has caught up, until it is woken. */
export interface TailReader {
	/** The matching facts after `after`, at most `limit`; undefined when some of what follows `after` is not in memory. */
	page(after: number, limit: number): readonly Event[] | undefined
	/** Resolves once a matching fact was committed, or at `wake`. */
	something(): Promise<void>
	wake(): void
	/** Whether it waits and nothing that it has not seen matched: then it has seen everything up to `newest`. */
	readonly hasSeenAll: boolean
	/** To be called once. */
	leave(): void
}

/**
 * The newest facts of the log, in memory once for all that follow it. Readers hold a place and no facts; those with the same filter
 * and place are given the same page. However many there are, telling them leaves half of the time for everything else.
 */
export class EventTail {
	readonly #subscribe: (listener: (facts: readonly Event[]) => void) => () => void
	readonly #index = new ReaderIndex()
	readonly #turns = newTurns(() => this.#index.wakeDue())
	#unsubscribe: (() => void) | undefined
	#facts: Event[] = []
	/** Every fact after that one is in memory. */
	#from = Number.POSITIVE_INFINITY
	#newest = 0

	constructor(subscribe: (listener: (facts: readonly Event[]) => void) => () => void) {
		this.#subscribe = subscribe
	}

	/** The last fact that was told here; 0 when there was none. */
	get newest(): number {
		return this.#newest
	}

	enter(filter: EventFilter): TailReader {
		this.#unsubscribe ??= this.#subscribe((facts) => this.#told(facts))
		const { group, reader, leave } = this.#index.enter(filter)
		return {
			page: (after, limit) =>
				after < this.#from ? undefined : group.page(`${after} ${this.#newest} ${limit}`, () => this.#matching(filter, after, limit)),
			something: () => reader.something(),
			wake: () => reader.wake(),
			get hasSeenAll() {
				return reader.isWaiting && !group.isDue
			},
			leave: () => {
				leave()
				if (this.#index.isEmpty) this.#letGo()
			},
		}
	}

	/** A read of the log that began after this tail's first reader came found `newest` to be the last fact committed. */
	learn(newest: number): void {
		if (this.#facts.length > 0 || newest < this.#newest) return
		this.#from = newest
		this.#newest = newest
	}

	#told(facts: readonly Event[]): void {
		const [first, last] = [facts[0], facts.at(-1)]
		if (!first || !last) return
		this.#from = Math.min(this.#from, first.seq - 1)
		this.#newest = last.seq
		for (const fact of facts) this.#facts.push(fact)
		if (this.#facts.length > 2 * KEPT_FACTS) {
			this.#facts = this.#facts.slice(-KEPT_FACTS)
			this.#from = (this.#facts[0]?.seq ?? this.#newest + 1) - 1
		}
		if (this.#index.markDue(facts)) this.#turns.want()
	}

	#matching(filter: EventFilter, after: number, limit: number): readonly Event[] {
		const page: Event[] = []
		for (let n = firstAfter(this.#facts, after); n < this.#facts.length && page.length < limit; n++) {
			const fact = this.#facts[n]
			if (fact && matches(fact, filter)) page.push(fact)
		}
		return page
	}

	#letGo(): void {
		this.#unsubscribe?.()
		this.#unsubscribe = undefined
		this.#facts = []
		this.#from = Number.POSITIVE_INFINITY
		this.#newest = 0
	}
}

/** Where the first fact after `seq` lies. */
function firstAfter(facts: readonly Event[], seq: number): number {
	let [low, high] = [0, facts.length]
	while (low < high) {
		const middle = (low + high) >> 1
		if ((facts[middle]?.seq ?? 0) > seq) high = middle
		else low = middle + 1
	}
	return low
}
