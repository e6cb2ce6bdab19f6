import type { RetentionBounds } from '../../../core/retention/store.ts'
import type { SqliteDatabase } from '../database.ts'
import { recordEvent } from './runtime-record.ts'

/** The next worker that ended too long ago, or beyond the newest so many, by workers or by lines of transcripts; null for none. */
export function oldWorker(db: SqliteDatabase, { before, rows }: RetentionBounds): string | null {
	const ended = "FROM worker WHERE status IN ('stopped', 'cancelled')"
	const aged = db.query<{ id: string }>(`SELECT id ${ended} AND updated_at < ? ORDER BY updated_at LIMIT 1`).get(before)
	if (aged) return aged.id
	const kept = db.query<{ n: number; lines: number | null }>(`SELECT count(*) AS n, sum(transcript_length) AS lines ${ended}`).get()
	if ((kept?.lines ?? 0) <= rows && (kept?.n ?? 0) <= rows) return null
	return db.query<{ id: string }>(`SELECT id ${ended} ORDER BY updated_at, id LIMIT 1`).get()?.id ?? null
}

/** Deletes a worker, `limit` of its rows at most; false while some are left. Inside a change. */
export function eraseWorker(db: SqliteDatabase, id: string, limit: number): boolean {
	db.keepEventSeq()
	const observed = db
		.query<{ sequence: number; event_seq: number }>(
			'SELECT sequence, event_seq FROM worker_observation WHERE worker_id = ? ORDER BY sequence LIMIT ?',
		)
		.all(id, limit)
	const last = observed.at(-1)
	if (last) {
		for (const { event_seq } of observed) db.query('DELETE FROM event WHERE seq = ?').run(event_seq)
		trimThrough(db, id, last.sequence)
		return false
	}
	const lines = 'SELECT sequence FROM worker_line WHERE worker_id = ?1 ORDER BY sequence LIMIT ?2'
	if (db.query(`DELETE FROM worker_line WHERE worker_id = ?1 AND sequence IN (${lines})`).run(id, limit).changes > 0) return false
	db.query('DELETE FROM worker WHERE id = ?').run(id)
	recordEvent(db, 'worker_deleted', id, `worker ${id} deleted`)
	return true
}

/** A cursor of that worker from before is expired from now on. Its events are the caller's to delete; inside a change. */
export function trimThrough(db: SqliteDatabase, id: string, sequence: number): void {
	const { changes } = db.query('DELETE FROM worker_observation WHERE worker_id = ? AND sequence <= ?').run(id, sequence)
	db.query('UPDATE worker SET observations = observations - ?, trimmed_through = max(trimmed_through, ?) WHERE id = ?').run(
		...[changes, sequence, id],
	)
}

/** What workers told in these events of the log is gone with them; inside a change. */
export function trimObservations(db: SqliteDatabase, after: number, through: number): void {
	const sql = `SELECT worker_id AS id, max(sequence) AS sequence FROM worker_observation
		WHERE event_seq > ? AND event_seq <= ? GROUP BY worker_id`
	for (const { id, sequence } of db.query<{ id: string; sequence: number }>(sql).all(after, through)) trimThrough(db, id, sequence)
}
