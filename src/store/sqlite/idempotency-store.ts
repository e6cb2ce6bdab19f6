import type { IdempotencyStore, KeptEffect, KeyedRequest } from '../../core/access/idempotency.ts'
import type { Json } from '../../kernel/json.ts'
import type { SqliteDatabase } from './database.ts'

/** How long a key answers for what it did. */
export const KEY_KEPT_MS = 24 * 3600 * 1000
/** Each new key takes a few old ones away, so that they never pile up and never cost a long write. */
const PRUNED_AT_ONCE = 4

export class SqliteIdempotencyStore implements IdempotencyStore {
	readonly #db: SqliteDatabase

	constructor(db: SqliteDatabase) {
		this.#db = db
	}

	async find({ scope, key }: KeyedRequest): Promise<KeptEffect | null> {
		const row = this.#db
			.query<{ body_hash: string; effect: string }>('SELECT body_hash, effect FROM idempotency_key WHERE scope = ? AND key = ? AND at > ?')
			.get(scope, key, this.#horizon())
		return row && { bodyHash: row.body_hash, effect: JSON.parse(row.effect) as Json }
	}

	keeping<T>(request: KeyedRequest, work: () => Promise<T>): Promise<T> {
		return this.#db.riders.run({ write: (effect) => this.#insert(request, effect), taken: false }, work)
	}

	#insert({ scope, key, bodyHash }: KeyedRequest, effect: Json): void {
		const old = 'SELECT seq FROM idempotency_key WHERE at <= ? ORDER BY at LIMIT ?'
		this.#db.query(`DELETE FROM idempotency_key WHERE seq IN (${old})`).run(this.#horizon(), PRUNED_AT_ONCE)
		this.#db
			.query('INSERT OR REPLACE INTO idempotency_key (scope, key, body_hash, effect, at) VALUES (?, ?, ?, ?, ?)')
			.run(scope, key, bodyHash, JSON.stringify(effect), this.#db.clock.now())
	}

	#horizon(): number {
		return this.#db.clock.now() - KEY_KEPT_MS
	}
}
