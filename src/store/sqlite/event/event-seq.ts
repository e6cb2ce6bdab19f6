import type { Database } from 'bun:sqlite'

/** The highest number the log ever gave out, as far as that is known: whether or not its fact is still kept. */
export function highestEventSeq(sqlite: Database): number {
	const sql = `SELECT max(coalesce((SELECT max(seq) FROM event), 0),
		coalesce((SELECT max(CAST(value AS INTEGER)) FROM meta WHERE key IN ('event_seq', 'events_placed_to')), 0)) AS seq`
	return sqlite.query<{ seq: number }, []>(sql).get()?.seq ?? 0
}
