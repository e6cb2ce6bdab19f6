import type { Seating } from '../../../core/operator/seat.ts'
import type { RunStore } from '../../../core/run/store.ts'
import { type FaultPoint, noFault } from '../../../kernel/fault.ts'
import type { SqliteDatabase } from '../database.ts'

/** The seats of runs as the routing of operators asks for them, one row at a time. */
export function sqliteSeating(db: SqliteDatabase, runs: RunStore, fault: FaultPoint = noFault): Seating {
	return {
		async seat(runId, slot) {
			return db.query<{ op: string; generation: number }>('SELECT op, generation FROM seat WHERE run_id = ? AND slot = ?').get(runId, slot)
		},
		async blueprintOf(runId) {
			return db.query<{ blueprint_id: string | null }>('SELECT blueprint_id FROM run WHERE id = ?').get(runId)?.blueprint_id ?? null
		},
		async assign(runId, slot, op, desc) {
			fault('seat.before_assign')
			const { seat } = await runs.assignSeat(runId, slot, op, desc, 'fall_through')
			fault('seat.after_assign')
			return seat
		},
	}
}
