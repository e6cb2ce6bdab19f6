import type { Clock } from './clock.ts'

/** Many things to do later on one timer: as cheap for thousands as for one. */
export interface Deadlines {
	/** Calls `fn` once at that time, or soon when it has passed. The returned function cancels; calling it twice is fine. */
	at(time: number, fn: () => void): () => void
	/** Nothing is called any more. */
	stop(): void
}

interface Deadline {
	readonly at: number
	/** Null once it was called or cancelled. */
	fn: (() => void) | null
	isOut: boolean
}

/** So many may lie about cancelled before it is worth while to throw them out. */
const FEW = 64

export const newDeadlines = (clock: Clock): Deadlines => new DeadlineHeap(clock)

class DeadlineHeap implements Deadlines {
	readonly #clock: Clock
	#heap: Deadline[] = []
	#cancelled = 0
	#armedFor = Number.POSITIVE_INFINITY
	#disarm = (): void => {}

	constructor(clock: Clock) {
		this.#clock = clock
	}

	at(time: number, fn: () => void): () => void {
		const deadline: Deadline = { at: time, fn, isOut: false }
		push(this.#heap, deadline)
		this.#arm()
		return () => this.#cancel(deadline)
	}

	stop(): void {
		this.#disarm()
		this.#heap = []
		this.#armedFor = Number.POSITIVE_INFINITY
	}

	#arm(): void {
		const next = this.#heap[0]?.at ?? Number.POSITIVE_INFINITY
		if (next >= this.#armedFor) return
		this.#disarm()
		this.#armedFor = next
		this.#disarm = this.#clock.after(Math.max(0, next - this.#clock.now()), () => this.#fire())
	}

	#fire(): void {
		this.#armedFor = Number.POSITIVE_INFINITY
		const now = this.#clock.now()
		const due: Deadline[] = []
		for (let first = this.#heap[0]; first && first.at <= now; first = this.#heap[0]) {
			pop(this.#heap)
			if (first.fn) due.push(first)
			else this.#cancelled--
			first.isOut = true
		}
		this.#arm()
		for (const deadline of due) {
			const { fn } = deadline
			deadline.fn = null
			fn?.()
		}
	}

	#cancel(deadline: Deadline): void {
		if (!deadline.fn) return
		deadline.fn = null
		if (deadline.isOut) return
		this.#cancelled++
		if (this.#cancelled <= FEW || this.#cancelled * 2 <= this.#heap.length) return
		// An array in order is a heap.
		this.#heap = this.#heap.filter(({ fn }) => fn !== null).sort((a, b) => a.at - b.at)
		this.#cancelled = 0
	}
}

function push(heap: Deadline[], deadline: Deadline): void {
	let at = heap.length
	for (; at > 0; at = (at - 1) >> 1) {
		const parent = heap[(at - 1) >> 1]
		if (!parent || parent.at <= deadline.at) break
		heap[at] = parent
	}
	heap[at] = deadline
}

/** Takes the first one out. */
function pop(heap: Deadline[]): void {
	const last = heap.pop()
	if (!last || heap.length === 0) return
	let at = 0
	for (;;) {
		const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]]
		const child = right && left && right.at < left.at ? right : left
		if (!child || child.at >= last.at) break
		heap[at] = child
		at = child === left ? 2 * at + 1 : 2 * at + 2
	}
	heap[at] = last
}
