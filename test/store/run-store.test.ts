import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/kernel/clock.ts'
import { openBlobs } from '../../src/store/sqlite/blob.ts'
import { SqliteDatabase } from '../../src/store/sqlite/database.ts'
import { SqliteRunStore } from '../../src/store/sqlite/run/run-store.ts'
import { type OpenedRunStore, runStoreContract } from '../contract/run-store.ts'

runStoreContract('SQLite in memory', async () => opened(':memory:', undefined))

runStoreContract('SQLite on a file', async () => {
	const dir = mkdtempSync(join(tmpdir(), 'mse-run-store-'))
	return opened(join(dir, 'mse.db'), dir)
})

function opened(path: string, dir: string | undefined): OpenedRunStore {
	let db = new SqliteDatabase({ path, clock: systemClock })
	const store = () => new SqliteRunStore(db, openBlobs(dir && join(dir, 'blob')))
	return {
		store: store(),
		events: () =>
			db
				.query<{ kind: string }>('SELECT kind FROM event ORDER BY seq')
				.all()
				.map(({ kind }) => kind),
		async reopen() {
			if (dir === undefined) return store()
			db[Symbol.dispose]()
			db = new SqliteDatabase({ path, clock: systemClock })
			return store()
		},
		async [Symbol.asyncDispose]() {
			db[Symbol.dispose]()
			if (dir !== undefined) rmSync(dir, { recursive: true })
		},
	}
}
