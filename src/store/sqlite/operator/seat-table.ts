import type { Seat } from '../../../core/run/record.ts'
import type { SeatAssigned, SeatSource } from '../../../core/run/store.ts'
import { MseError } from '../../../kernel/error.ts'
import { asSessionId, asTaskId, type RunId } from '../../../kernel/id.ts'
import type { SqliteDatabase } from '../database.ts'
import { appendEvent } from '../event/event-store.ts'
import { displace } from '../run/displacement.ts'
import { type SeatRow, toSeat } from '../run/run-row.ts'
import type { Values } from '../value.ts'
import { RequestTable } from './request-table.ts'

/** So many of the seats a session was last given are remembered. */
const REMEMBERED = 32

/** Rows of seats; changes are called inside one. */
export class SeatTable {
	readonly #db: SqliteDatabase
	readonly #values: Values
	readonly #requests: RequestTable

	constructor(db: SqliteDatabase, values: Values) {
		this.#db = db
		this.#values = values
		this.#requests = new RequestTable(db, values)
	}

	of(runId: RunId): readonly Seat[] {
		return this.#db.query<SeatRow>('SELECT * FROM seat WHERE run_id = ? ORDER BY generation, slot').all(runId).map(toSeat)
	}

	put(runId: RunId, seat: Seat): void {
		this.#db
			.query(
				`INSERT INTO seat (run_id, slot, op, descr, generation) VALUES (?, ?, ?, ?, ?)
				 ON CONFLICT (run_id, slot) DO UPDATE SET op = excluded.op, descr = excluded.descr, generation = excluded.generation`,
			)
			.run(runId, seat.slot, seat.op, seat.desc, seat.generation)
		this.#remember(runId, seat)
	}

	assign(runId: RunId, slot: string, op: string, desc: string, source: SeatSource): SeatAssigned {
		const run = this.#db
			.query<{ task_id: string; seat_generation: number }>('SELECT task_id, seat_generation FROM run WHERE id = ?')
			.get(runId)
		if (!run) throw new MseError('not_found', `Run ${runId} does not exist.`, { code: 'unknown_run' })
		const before = this.#db.query<SeatRow>('SELECT * FROM seat WHERE run_id = ? AND slot = ?').get(runId, slot)
		const seat: Seat = { slot, op, desc, generation: run.seat_generation + 1 }
		this.#db.query('UPDATE run SET seat_generation = ? WHERE id = ?').run(seat.generation, runId)
		this.put(runId, seat)
		const about = { runId, taskId: asTaskId(run.task_id) }
		if (before)
			appendEvent(this.#db, {
				kind: 'seat.released',
				...about,
				operator: asSessionId(before.op),
				data: { slot, op: before.op, reason: 'displaced' },
			})
		const discarded = before ? this.#displace(runId, slot) : 0
		appendEvent(this.#db, {
			kind: 'seat.assigned',
			...about,
			operator: asSessionId(op),
			data: { slot, op, desc, generation: seat.generation, source, previous: before?.op ?? null },
		})
		return { seat, previous: before ? toSeat(before) : null, discarded }
	}

	#displace(runId: RunId, slot: string): number {
		return displace(
			this.#db,
			this.#values,
			this.#requests,
			this.#requests.openHeadsOfSeat(runId, slot),
			`The seat '${slot}' moved to another operator.`,
		)
	}

	/** A session is shown what it was lately given. */
	#remember(runId: RunId, { op: sid, slot }: Seat): void {
		if (this.#db.query('SELECT 1 FROM operator_session WHERE sid = ?').get(sid) === null) return
		const again = this.#db.query('DELETE FROM seat_given WHERE sid = ? AND run_id = ? AND slot = ?').run(sid, runId, slot).changes > 0
		this.#db.query('INSERT INTO seat_given (sid, run_id, slot, at) VALUES (?, ?, ?, ?)').run(sid, runId, slot, this.#db.clock.now())
		if (!again) this.#db.query('UPDATE operator_session SET observed_total = observed_total + 1 WHERE sid = ?').run(sid)
		this.#db
			.query(
				'DELETE FROM seat_given WHERE sid = ?1 AND seq <= (SELECT seq FROM seat_given WHERE sid = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)',
			)
			.run(sid, REMEMBERED)
	}
}
