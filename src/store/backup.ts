import { Database } from 'bun:sqlite'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MseError } from '../kernel/error.ts'
import { sha256Hex } from '../kernel/hash.ts'
import { namedBlobs } from './sqlite/blob-sweep.ts'
import { migrations } from './sqlite/schema.ts'

/** Small files beside the database that belong to it. */
const FILES = ['token-secret'] as const

export interface BackupReport {
	readonly files: number
	readonly schema: number
}

/**
 * Writes everything of a data directory to one new file, which is a database itself: a snapshot taken in one transaction,
 * with the files of large values inside. A server may be running on the directory; it is not stopped and waits for nothing.
 */
export function backUp(dataDir: string, file: string): BackupReport {
	const source = join(dataDir, 'mse.db')
	if (!existsSync(source)) throw new MseError('not_found', `There is no data directory with a database at ${dataDir}.`)
	if (existsSync(file))
		throw new MseError('conflict', `${file} exists.`, { hint: 'Name another file; a backup is never written over one.' })
	const live = new Database(source, { readwrite: true, create: false })
	try {
		live.run('PRAGMA busy_timeout=5000')
		live.query('VACUUM INTO ?').run(file)
	} finally {
		live.close()
	}
	try {
		return addFiles(dataDir, file)
	} catch (error) {
		rmSync(file, { force: true })
		throw error
	}
}

/** Makes a data directory of a backup. Refuses a folder with anything in it, and a file of a newer release. */
export function restore(file: string, dataDir: string): BackupReport {
	if (existsSync(dataDir) && readdirSync(dataDir).length > 0)
		throw new MseError('conflict', `${dataDir} is not empty.`, {
			code: 'data_dir_not_empty',
			hint: 'Restore into a new folder with --data-dir.',
		})
	const backup = openBackup(file)
	try {
		const schema = schemaOf(backup)
		refuseNewer(file, schema)
		mkdirSync(dataDir, { recursive: true, mode: 0o700 })
		backup.query('VACUUM INTO ?').run(join(dataDir, 'mse.db'))
		const names = backup.query<{ name: string }, []>('SELECT name FROM backup_file').all()
		for (const { name } of names) putFile(backup, dataDir, name)
		using restored = new Database(join(dataDir, 'mse.db'))
		restored.run('DROP TABLE backup_file')
		return { files: names.length, schema }
	} finally {
		backup.close()
	}
}

/** The schema a data directory has, and the one this release brings it to. */
export function schemaStatus(dataDir: string): { readonly has: number; readonly wants: number } {
	const path = join(dataDir, 'mse.db')
	if (!existsSync(path)) return { has: 0, wants: migrations.length }
	using database = new Database(path, { readwrite: true, create: false })
	return { has: schemaOf(database), wants: migrations.length }
}

function addFiles(dataDir: string, file: string): BackupReport {
	using copy = new Database(file)
	copy.run('CREATE TABLE backup_file (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT')
	const hashes = namedBlobs((sql) => copy.query<{ text: string }, []>(sql).all())
	const names = [...hashes].map((hash) => join('blob', hash.slice(0, 2), hash))
	const all = [...names, ...FILES.filter((name) => existsSync(join(dataDir, name)))]
	for (const name of all) copy.query('INSERT INTO backup_file (name, bytes) VALUES (?, ?)').run(name, readFileSync(join(dataDir, name)))
	return { files: all.length, schema: schemaOf(copy) }
}

function openBackup(file: string): Database {
	if (!existsSync(file)) throw new MseError('not_found', `There is no file ${file}.`)
	const backup = new Database(file, { readwrite: true, create: false })
	try {
		backup.query('SELECT name FROM backup_file LIMIT 1').all()
		return backup
	} catch (cause) {
		backup.close()
		throw new MseError('invalid', `${file} is no backup of mse-server.`, { code: 'not_a_backup', cause })
	}
}

/** A value whose bytes are not what its name says is refused. */
function putFile(backup: Database, dataDir: string, name: string): void {
	const bytes =
		backup.query<{ bytes: Uint8Array }, [string]>('SELECT bytes FROM backup_file WHERE name = ?').get(name)?.bytes ?? new Uint8Array()
	const [, , hash] = /^(blob)\/[0-9a-f]{2}\/([0-9a-f]{64})$/.exec(name) ?? []
	const isKnown = hash !== undefined || FILES.some((known) => known === name)
	if (!isKnown || (hash !== undefined && sha256Hex(bytes) !== hash))
		throw new MseError('invalid', `The backup is damaged: ${name} is not what it should be.`, { code: 'backup_damaged' })
	const path = join(dataDir, name)
	mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 })
	writeFileSync(path, bytes, { mode: 0o600, flush: true })
}

function refuseNewer(file: string, schema: number): void {
	if (schema <= migrations.length) return
	throw new MseError('conflict', `${file} has schema ${schema}, newer than the ${migrations.length} this mse-server knows.`, {
		code: 'schema_too_new',
		hint: 'Restore it with the release that wrote it.',
	})
}

function schemaOf(database: Database): number {
	return database.query<{ user_version: number }, []>('PRAGMA user_version').get()?.user_version ?? 0
}
