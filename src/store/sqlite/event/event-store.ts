import type { EventDraft } from '../../../core/event/event.ts'
import type { EventFilter } from '../../../core/event/filter.ts'
import type { EventLog } from '../../../core/event/log.ts'
import { EventTail } from '../../../core/event/tail.ts'
import type { Event, EventKind } from '../../../protocol/event.ts'
import type { SqliteDatabase } from '../database.ts'
import { placedTo, placeInStrides } from './event-place.ts'

interface EventRow {
	readonly seq: number
	readonly at: number
	readonly kind: string
	readonly run_id: string | null
	readonly task_id: string | null
	readonly step_id: string | null
	readonly operator: string | null
	readonly worker: string | null
	readonly data: string
}

const INSERT = 'INSERT INTO event (seq, at, kind, run_id, task_id, step_id, operator, worker, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)'

/** Appends a fact and returns its `seq`; to be called by a store inside the change that makes it true. */
export function appendEvent(db: SqliteDatabase, draft: EventDraft): number {
	const at = db.clock.now()
	const data = draft.data ?? {}
	const seq = db.nextEventSeq()
	db.query(INSERT).run(
		seq,
		at,
		draft.kind,
		draft.runId ?? null,
		draft.taskId ?? null,
		draft.stepId ?? null,
		draft.operator ?? null,
		draft.worker ?? null,
		JSON.stringify(data),
	)
	placeInStrides(db, seq)
	db.publish(() => ({
		seq,
		at,
		kind: draft.kind,
		...(draft.runId !== undefined && { run_id: draft.runId }),
		...(draft.taskId !== undefined && { task_id: draft.taskId }),
		...(draft.stepId !== undefined && { step_id: draft.stepId }),
		...(draft.operator !== undefined && { operator: draft.operator }),
		...(draft.worker !== undefined && { worker: draft.worker }),
		data,
	}))
	return seq
}

export class SqliteEventStore implements EventLog {
	readonly tail = new EventTail((listener) => this.subscribe(listener))
	readonly #db: SqliteDatabase

	constructor(db: SqliteDatabase) {
		this.#db = db
	}

	async read(after: number, filter: EventFilter, limit: number): Promise<readonly Event[]> {
		const subject = subjectOf(filter)
		const placed = subject ? placedTo(this.#db) : 0
		const found = subject && after < placed ? this.#readPlaced(subject, after, filter, limit) : []
		if (found.length === limit) return found
		const { where, params } = conditions(filter)
		const sql = `SELECT * FROM event WHERE seq > ?${where} ORDER BY seq LIMIT ?`
		const rest = this.#db.query<EventRow>(sql).all(Math.max(after, placed), ...params, limit - found.length)
		return [...found, ...rest.map(toEvent)]
	}

	#readPlaced(subject: Subject, after: number, filter: EventFilter, limit: number): readonly Event[] {
		const { where, params } = conditions(filter)
		const places = `event_place AS place CROSS JOIN event ON event.seq = place.seq WHERE subject ${subject.sql} AND place.seq > ?`
		const sql = `SELECT event.* FROM ${places}${where} ORDER BY place.seq LIMIT ?`
		return this.#db
			.query<EventRow>(sql)
			.all(subject.value, after, ...params, limit)
			.map(toEvent)
	}

	async bounds(): Promise<{ oldest: number; newest: number; droppedTo: number }> {
		const oldest = this.#db.query<{ seq: number | null }>('SELECT min(seq) AS seq FROM event').get()?.seq ?? 0
		const dropped = this.#db.query<{ value: string }>("SELECT value FROM meta WHERE key = 'events_dropped_to'").get()
		return { oldest, newest: this.#db.newestEventSeq, droppedTo: Number(dropped?.value ?? 0) }
	}

	subscribe(listener: (facts: readonly Event[]) => void): () => void {
		return this.#db.onCommit(listener)
	}
}

/** The narrowest thing that a filter names, as it stands in `event_place`. */
interface Subject {
	readonly sql: string
	readonly value: string
}

function subjectOf({ run, task, worker, operator }: EventFilter): Subject | undefined {
	if (run === undefined && worker === undefined && task !== undefined)
		return { sql: 'IN (SELECT id FROM run WHERE task_id = ?)', value: task }
	const value = run ?? worker ?? operator
	return value === undefined ? undefined : { sql: '= ?', value }
}

function conditions(filter: EventFilter): { where: string; params: string[] } {
	const columns: [string, string | undefined][] = [
		['run_id = ?', filter.run],
		['run_id IN (SELECT id FROM run WHERE task_id = ?)', filter.task],
		['worker = ?', filter.worker],
		['operator = ?', filter.operator],
	]
	const given = columns.flatMap(([sql, value]) => (value === undefined ? [] : [{ sql: ` AND ${sql}`, value }]))
	const kinds = filter.kinds ?? []
	const kindSql = kinds.length === 0 ? '' : ` AND (${kinds.map(() => "kind LIKE ? ESCAPE '\\'").join(' OR ')})`
	return {
		where: given.map(({ sql }) => sql).join('') + kindSql,
		params: [...given.map(({ value }) => value), ...kinds.map((prefix) => `${prefix.replace(/[\\%_]/g, '\\$&')}%`)],
	}
}

function toEvent(row: EventRow): Event {
	return {
		seq: row.seq,
		at: row.at,
		kind: row.kind as EventKind,
		...(row.run_id !== null && { run_id: row.run_id }),
		...(row.task_id !== null && { task_id: row.task_id }),
		...(row.step_id !== null && { step_id: row.step_id }),
		...(row.operator !== null && { operator: row.operator }),
		...(row.worker !== null && { worker: row.worker }),
		data: JSON.parse(row.data) as Event['data'],
	}
}
