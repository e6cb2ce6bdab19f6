import type { Fact } from './fact.ts'
import type { Run, Step } from './record.ts'
import type { RecordedJournal, RunStore } from './store.ts'

/** So much may be recorded before the flow has to wait for the disk. */
const FACTS_BEFORE_FLUSH = 1000
const MS_BEFORE_FLUSH = 5

/**
 * A run's journal in memory: what an earlier life recorded, by position, and what this life adds. Facts recorded within
 * one event-loop turn are committed together at its end; `flush` waits for that.
 */
export class Journal {
	readonly #store: RunStore
	readonly #run: Run
	readonly #steps: ReadonlyMap<string, Step>
	readonly #decisions: ReadonlyMap<string, number>
	readonly #ttlUsedMs: () => number
	readonly #onFault: (error: unknown) => void
	/** What the next write will take; null when the last one has been run. */
	#open: OpenWrite | null = null
	#committed: Promise<void> = Promise.resolve()
	#sinceFlush = 0
	#hasRemarked = false
	#hasWritten = false
	#flushedAt = performance.now()

	constructor(options: {
		store: RunStore
		run: Run
		recorded: RecordedJournal
		ttlUsedMs: () => number
		/** Told once a commit failed: nothing recorded since the last one is on disk. */
		onFault: (error: unknown) => void
	}) {
		this.#store = options.store
		this.#run = options.run
		this.#steps = new Map(options.recorded.steps.map((step) => [step.position, step]))
		this.#decisions = options.recorded.decisions
		this.#ttlUsedMs = options.ttlUsedMs
		this.#onFault = options.onFault
	}

	/** The step an earlier life recorded at that position. */
	recorded(position: string): Step | undefined {
		return this.#steps.get(position)
	}

	decided(position: string): number | undefined {
		return this.#decisions.get(position)
	}

	get recordedSteps(): number {
		return this.#steps.size
	}

	/** Whether this life has told something that it would tell again when it replays the journal. */
	get hasRemarked(): boolean {
		return this.#hasRemarked
	}

	/** Whether anything of this life is on disk. */
	get hasWritten(): boolean {
		return this.#hasWritten
	}

	record(fact: Fact): void {
		if (fact.kind === 'remarked' || fact.kind === 'input_changed') this.#hasRemarked = true
		this.#open ??= this.#queue()
		this.#open.facts.push(fact)
		this.#sinceFlush++
	}

	/** True when the flow should wait for `flush` before it goes on, so that memory and the event loop stay free. */
	get full(): boolean {
		return this.#sinceFlush >= FACTS_BEFORE_FLUSH || (this.#sinceFlush > 0 && performance.now() - this.#flushedAt >= MS_BEFORE_FLUSH)
	}

	/** Resolves once everything recorded so far, and everything written before it, is on disk. */
	async flush(): Promise<void> {
		await this.#committed
		this.#sinceFlush = 0
		this.#flushedAt = performance.now()
	}

	/** Calls `fn` once what is recorded in this turn is on disk, or could not be written. */
	whenWritten(fn: () => void): void {
		this.#open ??= this.#queue()
		this.#open.after.push(fn)
	}

	/** One write of the store takes all that is recorded until it runs, at the end of the turn: what belongs together is never split. */
	#queue(): OpenWrite {
		const write: OpenWrite = { facts: [], after: [] }
		const close = (): void => {
			if (this.#open === write) this.#open = null
		}
		const take = (): readonly Fact[] => {
			close()
			return write.facts
		}
		const done = (): void => {
			close()
			for (const fn of write.after) fn()
		}
		this.#committed = this.#store.record(this.#run, take, this.#ttlUsedMs())
		const written = (): void => {
			this.#hasWritten = true
			done()
		}
		this.#committed.then(written, (error) => {
			done()
			this.#onFault(error)
		})
		return write
	}
}

interface OpenWrite {
	readonly facts: Fact[]
	readonly after: (() => void)[]
}
