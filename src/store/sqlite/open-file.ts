import { Database } from 'bun:sqlite'
import { migrate } from './migration.ts'

const PRAGMAS = [
	'journal_mode=WAL',
	'synchronous=FULL',
	// Everything else of this process waits as long.
	'busy_timeout=1000',
	'foreign_keys=ON',
	'wal_autocheckpoint=4000',
	'cache_size=-16000',
]

/** The database at `path` as the server uses it, with the newest schema. */
export function openFile(path: string): Database {
	const sqlite = new Database(path, { create: true, strict: true })
	for (const pragma of PRAGMAS) sqlite.run(`PRAGMA ${pragma}`)
	migrate(sqlite, path)
	return sqlite
}
