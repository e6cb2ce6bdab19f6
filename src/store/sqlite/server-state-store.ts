import type { EventDraft } from '../../core/event/event.ts'
import type { Paused, ServerStateStore } from '../../core/run/supervise/server-pause.ts'
import type { SqliteDatabase } from './database.ts'
import { appendEvent } from './event/event-store.ts'

export class SqliteServerStateStore implements ServerStateStore {
	readonly #db: SqliteDatabase

	constructor(db: SqliteDatabase) {
		this.#db = db
	}

	async paused(): Promise<Paused | null> {
		const row = this.#db.query<{ value: string }>("SELECT value FROM meta WHERE key = 'paused'").get()
		return row && (JSON.parse(row.value) as Paused)
	}

	setPaused(paused: Paused | null, event: EventDraft): Promise<void> {
		return this.#db.write(() => {
			if (paused) this.#db.query("INSERT OR REPLACE INTO meta (key, value) VALUES ('paused', ?)").run(JSON.stringify(paused))
			else this.#db.query("DELETE FROM meta WHERE key = 'paused'").run()
			appendEvent(this.#db, event)
		})
	}
}
