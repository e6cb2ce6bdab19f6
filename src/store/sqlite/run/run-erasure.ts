import type { RunId } from '../../../kernel/id.ts'
import type { SqliteDatabase } from '../database.ts'
import { placeEvents } from '../event/event-place.ts'

/** Tables whose rows are found by their step, which have no index by run. */
const BY_STEP = ['output', 'attempt', 'request'] as const
const BY_RUN = ['output', 'degradation', 'event', 'seat', 'seat_given', 'decision', 'run_generation', 'step'] as const
const WHERE: { readonly [table: string]: string } = {
	output: "run_id = ?1 AND plane = 'data'",
	event: 'seq IN (SELECT seq FROM event_place WHERE subject = ?1)',
}
const KEYS: { readonly [table: string]: string } = {
	attempt: 'step_id, n',
	seat: 'run_id, slot',
	decision: 'run_id, generation, position',
	run_generation: 'run_id, generation',
	step: 'step_id',
}

/**
 * Deletes a run with all that belongs to it, `limit` rows at most. What began goes on with the next call: the run's own row
 * goes last. To be called inside a change.
 */
export function eraseRun(db: SqliteDatabase, id: RunId, limit: number): { readonly taken: number; readonly isGone: boolean } {
	db.keepEventSeq()
	placeEvents(db)
	let left = limit
	const erase = (table: string, where: string): boolean => {
		if (left <= 0) return false
		const key = KEYS[table] ?? 'rowid'
		const sql = `DELETE FROM ${table} WHERE (${key}) IN (SELECT ${key} FROM ${table} WHERE ${where} LIMIT ?2)`
		left -= db.query(sql).run(id, left).changes
		return left > 0
	}
	const ofSteps = BY_STEP.every((table) => erase(table, 'step_id IN (SELECT step_id FROM step WHERE run_id = ?1)'))
	const isGone = ofSteps && BY_RUN.every((table) => erase(table, WHERE[table] ?? 'run_id = ?1'))
	if (isGone) erase('run', 'id = ?1')
	return { taken: limit - left, isGone }
}
