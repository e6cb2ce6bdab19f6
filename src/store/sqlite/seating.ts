import type { Seating } from '../../core/operator/seat.ts'
import type { RunStore } from '../../core/run/store.ts'
import type { SqliteDatabase } from './database.ts'

/** The seats of runs as the routing of operators asks for them, one row at a time. */
export function sqliteSeating(db: SqliteDatabase, runs: RunStore): Seating {
	return {
		async seat(runId, slot) {
			return db.query<{ op: string; generation: number }>('SELECT op, generation FROM seat WHERE run_id = ? AND slot = ?').get(runId, slot)
		},
		async blueprintOf(runId) {
			return db.query<{ blueprint_id: string | null }>('SELECT blueprint_id FROM run WHERE id = ?').get(runId)?.blueprint_id ?? null
		},
		async assign(runId, slot, op, desc) {
			const { seat } = await runs.assignSeat(runId, slot, op, desc, 'fall_through')
			return seat
		},
	}
}
