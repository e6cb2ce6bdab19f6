import type { Progress, Trying, Undelivered, WebhookStore } from '../../core/webhook/store.ts'
import type { Event } from '../../protocol/event.ts'
import type { SqliteDatabase } from './database.ts'

interface UndeliveredRow {
	readonly event: string
	readonly attempts: number
	readonly error: string
	readonly at: number
}

const KEPT = 1000

export class SqliteWebhookStore implements WebhookStore {
	readonly #db: SqliteDatabase

	constructor(db: SqliteDatabase) {
		this.#db = db
	}

	async progress(name: string): Promise<Progress | null> {
		const row = this.#db
			.query<{ cursor: number; delivered: number; trying: string | null }>('SELECT cursor, delivered, trying FROM webhook WHERE name = ?')
			.get(name)
		return row && { ...row, trying: row.trying === null ? null : (JSON.parse(row.trying) as Trying) }
	}

	moveTo(name: string, cursor: number): Promise<void> {
		return this.#db.write(() => this.#move(name, cursor, 0))
	}

	delivered(name: string, seq: number): Promise<void> {
		return this.#db.write(() => this.#move(name, seq, 1))
	}

	trying(name: string, trying: Trying): Promise<void> {
		return this.#db.write(() => void this.#db.query('UPDATE webhook SET trying = ? WHERE name = ?').run(JSON.stringify(trying), name))
	}

	giveUp(name: string, { event, attempts, error, at }: Undelivered): Promise<void> {
		return this.#db.write(() => {
			this.#move(name, event.seq, 0)
			this.#db
				.query('INSERT OR REPLACE INTO webhook_undelivered (name, seq, event, attempts, error, at) VALUES (?, ?, ?, ?, ?, ?)')
				.run(name, event.seq, JSON.stringify(event), attempts, error, at)
			const surplus = 'SELECT seq FROM webhook_undelivered WHERE name = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2'
			this.#db.query(`DELETE FROM webhook_undelivered WHERE name = ?1 AND seq <= (${surplus})`).run(name, KEPT)
		})
	}

	async undelivered(name: string, limit: number): Promise<readonly Undelivered[]> {
		return this.#list(name, 'ASC', limit)
	}

	async newestUndelivered(name: string, limit: number): Promise<readonly Undelivered[]> {
		return this.#list(name, 'DESC', limit)
	}

	async countUndelivered(name: string): Promise<number> {
		return this.#db.query<{ n: number }>('SELECT count(*) AS n FROM webhook_undelivered WHERE name = ?').get(name)?.n ?? 0
	}

	recovered(name: string, seq: number): Promise<void> {
		return this.#db.write(() => {
			this.#db.query('DELETE FROM webhook_undelivered WHERE name = ? AND seq = ?').run(name, seq)
			this.#db.query('UPDATE webhook SET delivered = delivered + 1 WHERE name = ?').run(name)
		})
	}

	#move(name: string, cursor: number, delivered: 0 | 1): void {
		this.#db
			.query(
				`INSERT INTO webhook (name, cursor, delivered) VALUES (?1, ?2, ?3)
				 ON CONFLICT (name) DO UPDATE SET cursor = ?2, delivered = delivered + ?3, trying = NULL`,
			)
			.run(name, cursor, delivered)
	}

	#list(name: string, order: 'ASC' | 'DESC', limit: number): Undelivered[] {
		return this.#db
			.query<UndeliveredRow>(`SELECT event, attempts, error, at FROM webhook_undelivered WHERE name = ? ORDER BY seq ${order} LIMIT ?`)
			.all(name, limit)
			.map(({ event, ...rest }) => ({ event: JSON.parse(event) as Event, ...rest }))
	}
}
