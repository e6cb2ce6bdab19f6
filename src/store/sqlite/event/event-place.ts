import type { SqliteDatabase } from '../database.ts'

/**
 * Facts are entered under what they are about so many at a time, in order: entered one by one, each would cost the commit that brings
 * it a page for its run and one for its operator.
 */
const STRIDE = 4096

/** To be called with each fact that is appended, inside its change. */
export function placeInStrides(db: SqliteDatabase, seq: number): void {
	if (seq % STRIDE === 0) placeEvents(db)
}

/** Up to this fact all are found under their subjects: run, operator and worker. */
export function placedTo(db: SqliteDatabase): number {
	const sql = "SELECT CAST(value AS INTEGER) AS seq FROM meta WHERE key = 'events_placed_to'"
	return db.query<{ seq: number }>(sql).get()?.seq ?? 0
}

/** Enters every fact that is not found yet; inside a change. */
export function placeEvents(db: SqliteDatabase): void {
	const after = placedTo(db)
	const newest = db.query<{ seq: number | null }>('SELECT max(seq) AS seq FROM event').get()?.seq ?? 0
	if (newest <= after) return
	const under = (column: string): string => `SELECT ${column} AS subject, seq FROM event WHERE seq > ?1 AND ${column} IS NOT NULL`
	const subjects = ['run_id', 'operator', 'worker'].map(under).join(' UNION ALL ')
	db.query(`INSERT OR IGNORE INTO event_place (subject, seq) SELECT subject, seq FROM (${subjects}) ORDER BY subject, seq`).run(after)
	db.query("INSERT OR REPLACE INTO meta (key, value) VALUES ('events_placed_to', ?)").run(String(newest))
}
