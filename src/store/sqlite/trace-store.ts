import type { TraceStore } from '../../core/trace/store.ts'
import type { SqliteDatabase } from './database.ts'

const KEY = 'traces_sent_to'

export class SqliteTraceStore implements TraceStore {
	readonly #db: SqliteDatabase

	constructor(db: SqliteDatabase) {
		this.#db = db
	}

	async cursor(): Promise<number | null> {
		const row = this.#db.query<{ value: string }>('SELECT value FROM meta WHERE key = ?').get(KEY)
		return row && Number(row.value)
	}

	moveTo(cursor: number): Promise<void> {
		return this.#db.write(() => void this.#db.query('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)').run(KEY, String(cursor)))
	}

	async forget(): Promise<void> {
		if ((await this.cursor()) !== null) await this.#db.write(() => void this.#db.query('DELETE FROM meta WHERE key = ?').run(KEY))
	}
}
