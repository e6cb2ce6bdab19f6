import type { StoredDiagnostic, StoredEvent } from '../../../core/worker/store.ts'
import type { DiagnosticDraft } from '../../../core/worker/worker.ts'
import type { EventKind } from '../../../protocol/event.ts'
import type { RuntimeDiagnostic } from '../../../protocol/runtime.ts'
import type { SqliteDatabase } from '../database.ts'
import { appendEvent } from '../event/event-store.ts'

/** Numbers that the runtime gives out; each grows by one and is never given out again. */
export type Counter = 'worker' | 'event' | 'diagnostic' | 'observation'

/** The next number; to be called inside a change. */
export function nextNumber(db: SqliteDatabase, counter: Counter): number {
	const sql = 'INSERT INTO runtime_counter (name, value) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value'
	return db.query<{ value: number }>(sql).get(counter)?.value ?? 0
}

/** The newest number given out, 0 without one. */
export function newestNumber(db: SqliteDatabase, counter: Counter): number {
	return db.query<{ value: number }>('SELECT value FROM runtime_counter WHERE name = ?').get(counter)?.value ?? 0
}

/** One of the runtime's own events and the fact of the log that goes with it; inside a change. Resolves to its id. */
export function recordEvent(db: SqliteDatabase, kind: string, workerId: string | null, message: string): number {
	const id = nextNumber(db, 'event')
	db.query('INSERT INTO runtime_event (id, kind, worker_id, message) VALUES (?, ?, ?, ?)').run(id, kind, workerId, message)
	appendEvent(db, { kind: KINDS[kind] ?? 'worker.runtime_started', worker: workerId ?? undefined, data: { event_id: id, message } })
	return id
}

const KINDS: { readonly [kind: string]: EventKind } = {
	runtime_started: 'worker.runtime_started',
	worker_created: 'worker.created',
	worker_input_accepted: 'worker.input_accepted',
	worker_stopped: 'worker.stopped',
	worker_cancelled: 'worker.cancelled',
	worker_deleted: 'worker.deleted',
}

/** A diagnostic and the fact of the log that goes with it; inside a change. */
export function recordDiagnostic(db: SqliteDatabase, { severity, code, message }: DiagnosticDraft, workerId: string | null): void {
	const id = nextNumber(db, 'diagnostic')
	const sql = 'INSERT INTO runtime_diagnostic (id, severity, code, message, worker_id) VALUES (?, ?, ?, ?, ?)'
	db.query(sql).run(id, severity, code, message, workerId)
	appendEvent(db, { kind: 'worker.diagnosed', worker: workerId ?? undefined, data: { id, severity, code, message } })
}

export function readEvents(db: SqliteDatabase, after: number, limit: number): readonly StoredEvent[] {
	return db
		.query<{ id: number; kind: string; worker_id: string | null; message: string }>(
			'SELECT * FROM runtime_event WHERE id > ? ORDER BY id LIMIT ?',
		)
		.all(after, limit)
		.map(({ id, kind, worker_id, message }) => ({ id, kind, workerId: worker_id, message }))
}

export function readDiagnostics(db: SqliteDatabase, after: number, limit: number): readonly StoredDiagnostic[] {
	return db
		.query<{ id: number; severity: string; code: string; message: string; worker_id: string | null }>(
			'SELECT * FROM runtime_diagnostic WHERE id > ? ORDER BY id LIMIT ?',
		)
		.all(after, limit)
		.map(({ worker_id, severity, ...rest }) => ({ ...rest, severity: severity as RuntimeDiagnostic['severity'], workerId: worker_id }))
}
