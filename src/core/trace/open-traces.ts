import type { Event } from '../../protocol/event.ts'
import type { EventLog } from '../event/log.ts'
import { RunTrace } from './run-trace.ts'

/** So many runs are in memory at a time; what is left out is read again from the log. */
const MOST_RUNS = 5000
const PAGE = 500

/** The traces of runs that have not ended. None of them is kept anywhere: their facts are in the log. */
export class OpenTraces {
	readonly #log: Pick<EventLog, 'read'>
	readonly #share: number
	readonly #most: number
	/** Whoever was looked for last is at the end. */
	readonly #traces = new Map<string, RunTrace>()

	constructor(log: Pick<EventLog, 'read'>, share: number, most = MOST_RUNS) {
		this.#log = log
		this.#share = share
		this.#most = most
	}

	/** The trace that an event belongs to, as it was before it; a promise when that has to be read. */
	before(event: Event & { readonly run_id: string }): RunTrace | Promise<RunTrace> {
		const { run_id: id } = event
		const known = this.#traces.get(id)
		if (known) {
			this.#traces.delete(id)
			this.#traces.set(id, known)
			return known
		}
		const fresh = new RunTrace(id, this.#share)
		return event.kind === 'run.started' ? this.#keep(id, fresh) : this.#rebuild(id, fresh, event.seq)
	}

	/** The trace of a run, if it is at hand. */
	known(id: string): RunTrace | undefined {
		return this.#traces.get(id)
	}

	/** To be called once the event was taken. */
	after(id: string, trace: RunTrace): void {
		if (trace.isOver) this.#traces.delete(id)
	}

	async #rebuild(id: string, trace: RunTrace, before: number): Promise<RunTrace> {
		for (let after = 0; ; ) {
			const page = await this.#log.read(after, { run: id }, PAGE)
			for (const event of page) if (event.seq < before) trace.take(event)
			after = page.at(-1)?.seq ?? before
			if (page.length < PAGE || after >= before) return this.#keep(id, trace)
		}
	}

	#keep(id: string, trace: RunTrace): RunTrace {
		this.#traces.set(id, trace)
		const [oldest] = this.#traces.size > this.#most ? this.#traces.keys() : []
		if (oldest !== undefined) this.#traces.delete(oldest)
		return trace
	}
}
