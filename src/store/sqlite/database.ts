import { drainMicrotasks } from 'bun:jsc'
import type { Database, SQLQueryBindings, Statement } from 'bun:sqlite'
import type { Clock } from '../../kernel/clock.ts'
import { type FaultPoint, noFault } from '../../kernel/fault.ts'
import type { Event } from '../../protocol/event.ts'
import type { Entry, Waiting } from './change.ts'
import { highestEventSeq } from './event/event-seq.ts'
import { openFile } from './open-file.ts'
import type { Prepared } from './prepared.ts'
import { newRiders } from './rider.ts'
import { isStorageFault, storageUnavailable } from './storage-fault.ts'

/** A batch closes at so many facts or so many milliseconds, then yields to the event loop. */
const BATCH_FACTS = 1000
const BATCH_MS = 5

export type CommitListener = (facts: readonly Event[]) => void

/**
 * One database file with group commit: all writes of an event-loop turn share one transaction, run synchronously at the
 * end of the turn. So reads between turns see committed state only, and nothing waits longer than one commit.
 */
export class SqliteDatabase implements Disposable {
	readonly sqlite: Database
	readonly clock: Clock
	readonly path: string
	/** False from a failed commit until the next one succeeds. */
	healthy = true
	/** What goes along with the change that a request is made for; see `writeEffect`. */
	readonly riders = newRiders()
	#waiting: Waiting[] = []
	#scheduled = false
	#facts: Event[] = []
	#listeners = new Set<CommitListener>()
	#statements = new Map<string, Statement>()
	#onBatch: ((changes: number, seconds: number) => void) | undefined
	#eventSeq: number
	readonly #fault: FaultPoint

	constructor(options: { path: string; clock: Clock; fault?: FaultPoint }) {
		this.path = options.path
		this.clock = options.clock
		this.#fault = options.fault ?? noFault
		this.sqlite = openFile(options.path)
		this.#eventSeq = highestEventSeq(this.sqlite)
	}

	/** The next number of the log, for use inside a change. One that is rolled back leaves a gap. */
	nextEventSeq(): number {
		return ++this.#eventSeq
	}

	get newestEventSeq(): number {
		return this.#eventSeq
	}

	/** Keeps the log's numbers from being given out again once its newest facts are deleted; to be called inside that change. */
	keepEventSeq(): void {
		this.query("INSERT OR REPLACE INTO meta (key, value) VALUES ('event_seq', ?)").run(String(this.#eventSeq))
	}

	/**
	 * Runs `change` in this turn's transaction; resolves with its result after COMMIT. A throw undoes `change` alone. When the
	 * COMMIT fails every change of the batch is undone and rejects with `storage_unavailable`. `change` is run a second time
	 * when another one of its batch throws, so it may do nothing but read and write this database.
	 */
	write<T>(change: () => T, weight = (): number => 1): Promise<T> {
		return this.#enqueue<T>({ run: change, weight })
	}

	/**
	 * As `write`, and calls `applied` once the change was made but before COMMIT: what that sets off up to where it waits for something
	 * else is done at once, reads what the transaction has made so far, and adds what it writes to it. All of it has to be undone in memory
	 * when the write then rejects.
	 */
	writeAhead<T>(change: () => T, applied: (value: T) => void): Promise<T> {
		return this.#enqueue<T>({ run: change, weight: () => 1, applied: applied as (value: never) => void })
	}

	/** Finds out whether the disk takes writes again; `healthy` says so afterwards. */
	async tryWrite(): Promise<void> {
		await this.write(() => this.keepEventSeq()).catch(() => {})
	}

	/** A prepared statement, made once per text. */
	query<Row, Params extends SQLQueryBindings[] = SQLQueryBindings[]>(text: string): Prepared<Row, Params> {
		const known = this.#statements.get(text)
		if (known) return known as unknown as Prepared<Row, Params>
		const made = this.sqlite.prepare(text)
		this.#statements.set(text, made)
		return made as unknown as Prepared<Row, Params>
	}

	/** A fact appended inside a change; told to the listeners once its batch is committed, and only made when there are any. */
	publish(fact: () => Event): void {
		if (this.#listeners.size > 0) this.#facts.push(fact())
	}

	onCommit(listener: CommitListener): () => void {
		this.#listeners.add(listener)
		return () => this.#listeners.delete(listener)
	}

	/** Told of each commit, how many changes shared it and how long it took. */
	onBatch(listener: (changes: number, seconds: number) => void): void {
		this.#onBatch = listener
	}

	/** Changes that the next commits have before them. */
	get waiting(): number {
		return this.#waiting.length
	}

	[Symbol.dispose](): void {
		while (this.#waiting.length > 0) this.#flush()
		for (const statement of this.#statements.values()) statement.finalize()
		this.sqlite.close()
	}

	#enqueue<T>(waiting: Pick<Waiting, 'run' | 'weight' | 'applied'>): Promise<T> {
		return new Promise<T>((resolve, reject) => {
			this.#waiting.push({ ...waiting, resolve: resolve as (value: never) => void, reject })
			this.#schedule()
		})
	}

	#schedule(): void {
		if (this.#scheduled) return
		this.#scheduled = true
		setImmediate(() => {
			this.#scheduled = false
			this.#flush()
			if (this.#waiting.length > 0) this.#schedule()
		})
	}

	#flush(): void {
		if (this.#waiting.length === 0) return
		const batch: Entry[] = []
		this.#facts = []
		const began = performance.now()
		try {
			this.#fault('commit.before_begin')
			this.query('BEGIN IMMEDIATE').run()
			this.#runBatch(batch)
			if (this.#goAhead(batch)) this.#runBatch(batch)
			this.#fault('commit.before_commit')
			this.query('COMMIT').run()
		} catch (cause) {
			this.#fail(batch, cause)
			return
		}
		this.healthy = true
		this.#fault('commit.after_commit')
		this.#onBatch?.(batch.length, (performance.now() - began) / 1000)
		this.#tell()
		this.#fault('commit.told')
		for (const done of batch) {
			if ('error' in done) done.waiting.reject(done.error)
			else done.waiting.resolve(done.value as never)
		}
	}

	/** Hardly any change throws, so none has a savepoint of its own until one does: then the batch starts over, with savepoints. */
	#runBatch(batch: Entry[]): void {
		const started = performance.now()
		let facts = 0
		let next = 0
		let careful = false
		while (next < this.#waiting.length && facts < BATCH_FACTS && (next === 0 || performance.now() - started < BATCH_MS)) {
			const waiting = this.#waiting[next++] as Waiting
			facts += waiting.weight()
			const entry: Entry = { waiting }
			batch.push(entry)
			if (careful) this.#runInSavepoint(entry)
			else if (this.#throws(entry)) {
				careful = true
				this.#startOver(batch)
			}
		}
		this.#waiting = this.#waiting.slice(next)
	}

	/** Lets those go on who wait for a change of this batch alone; false when there are none. */
	#goAhead(batch: readonly Entry[]): boolean {
		const ahead = batch.filter((entry) => entry.waiting.applied && !('error' in entry))
		for (const { waiting, value } of ahead) waiting.applied?.(value as never)
		if (ahead.length > 0) drainMicrotasks()
		return ahead.length > 0
	}

	#throws(entry: Entry): boolean {
		try {
			entry.value = entry.waiting.run()
			return false
		} catch (error) {
			if (!this.sqlite.inTransaction || isStorageFault(error)) throw error
			return true
		}
	}

	#startOver(batch: readonly Entry[]): void {
		this.query('ROLLBACK').run()
		this.query('BEGIN IMMEDIATE').run()
		this.#facts = []
		for (const entry of batch) this.#runInSavepoint(entry)
	}

	#runInSavepoint(entry: Entry): void {
		const mark = this.#facts.length
		this.query('SAVEPOINT change').run()
		try {
			entry.value = entry.waiting.run()
			this.query('RELEASE change').run()
		} catch (error) {
			if (!this.sqlite.inTransaction || isStorageFault(error)) throw error
			this.query('ROLLBACK TO change').run()
			this.query('RELEASE change').run()
			this.#facts.length = mark
			entry.error = error
		}
	}

	#fail(batch: readonly Entry[], cause: unknown): void {
		this.healthy = false
		if (this.sqlite.inTransaction) this.sqlite.run('ROLLBACK')
		const failed = batch.length > 0 ? batch.map(({ waiting }) => waiting) : this.#waiting.splice(0)
		const started = new Set(failed)
		this.#waiting = this.#waiting.filter((waiting) => !started.has(waiting))
		const error = storageUnavailable(cause)
		for (const waiting of failed) waiting.reject(error)
	}

	#tell(): void {
		if (this.#facts.length === 0) return
		const facts = this.#facts
		this.#facts = []
		for (const listener of this.#listeners) listener(facts)
	}
}
