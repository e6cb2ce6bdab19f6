import { asRunId, type RunId } from '../../../kernel/id.ts'
import { isJsonObject } from '../../../kernel/json.ts'
import type { SqliteDatabase } from '../database.ts'

/** Which run carries out which turn of a worker. */
export class SqliteTurnRunStore {
	readonly #db: SqliteDatabase

	constructor(db: SqliteDatabase) {
		this.#db = db
	}

	async find(workerId: string, turn: number): Promise<RunId | null> {
		const sql = 'SELECT run_id FROM worker_run WHERE worker_id = ? AND turn = ?'
		const row = this.#db.query<{ run_id: string }>(sql).get(workerId, turn)
		return row && asRunId(row.run_id)
	}

	linking<T>(workerId: string, turn: number, launch: () => Promise<T>): Promise<T> {
		const sql = 'INSERT OR REPLACE INTO worker_run (worker_id, turn, run_id) VALUES (?, ?, ?)'
		const write = (effect: unknown): void => void this.#db.query(sql).run(workerId, turn, isJsonObject(effect) ? String(effect.run_id) : '')
		return this.#db.riders.run({ write, taken: false }, launch)
	}
}
