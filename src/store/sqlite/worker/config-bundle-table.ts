import type { ConfigBundle } from '../../../protocol/runtime-bundle.ts'
import type { SqliteDatabase } from '../database.ts'
import { appendEvent } from '../event/event-store.ts'

/** Inside a change. */
export function putBundle(db: SqliteDatabase, bundle: ConfigBundle): void {
	const sql = 'INSERT INTO config_bundle (id, bundle) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET bundle = excluded.bundle'
	const { id, digest } = bundle.metadata
	db.query(sql).run(id, JSON.stringify(bundle))
	appendEvent(db, { kind: 'worker.bundle_stored', data: { id, digest } })
}

export function readBundle(db: SqliteDatabase, id: string): ConfigBundle | null {
	const row = db.query<{ bundle: string }>('SELECT bundle FROM config_bundle WHERE id = ?').get(id)
	return row && (JSON.parse(row.bundle) as ConfigBundle)
}

/** By id. */
export function readBundles(db: SqliteDatabase): readonly ConfigBundle[] {
	const rows = db.query<{ bundle: string }>('SELECT bundle FROM config_bundle ORDER BY id').all()
	return rows.map(({ bundle }) => JSON.parse(bundle) as ConfigBundle)
}
