import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../kernel/clock.ts'
import { MseError } from '../kernel/error.ts'
import { type FaultPoint, noFault } from '../kernel/fault.ts'
import { randomHex } from '../kernel/hash.ts'
import { type OpenBlobs, openBlobs } from './sqlite/blob.ts'
import { SqliteDatabase } from './sqlite/database.ts'
import { type Holder, type InstanceLock, lockDataDir, unwritable } from './sqlite/instance-lock.ts'

/** Everything durable of one server: the database, the files beside it, and the name children are marked with. */
export interface DataDir extends Disposable {
	readonly db: SqliteDatabase
	readonly values: OpenBlobs
	/** 16 hex, made once; the same in every life of the directory. */
	readonly id: string
	/** Null when everything is in memory. */
	readonly dir: string | null
	readonly fault: FaultPoint
	/** To be called once the real address is known; a second server on the directory is told of it. */
	nameHolder(holder: Holder): void
}

interface OpenDataDir {
	readonly dir: string | null
	readonly clock: Clock
	readonly pid: number
	readonly address: string
	readonly fault?: FaultPoint
}

/** Opens (and makes) a data directory for this process alone; `dir: null` keeps everything in memory. */
export function openDataDir(options: OpenDataDir): DataDir {
	const { dir, clock, fault = noFault } = options
	if (dir === null) return assemble(new SqliteDatabase({ path: ':memory:', clock, fault }), null, fault)
	mkdirSync(dir, { recursive: true, mode: 0o700 })
	const lock = lockDataDir(dir, options)
	try {
		fault('start.locked')
		return assemble(new SqliteDatabase({ path: join(dir, 'mse.db'), clock, fault }), dir, fault, lock)
	} catch (error) {
		lock.release()
		throw error instanceof MseError ? error : unwritable(dir, error)
	}
}

function assemble(db: SqliteDatabase, dir: string | null, fault: FaultPoint, lock?: InstanceLock): DataDir {
	return {
		db,
		dir,
		fault,
		values: openBlobs(dir === null ? undefined : join(dir, 'blob'), fault),
		id: dataDirId(db),
		nameHolder: (holder) => lock?.nameHolder(holder),
		[Symbol.dispose]() {
			db[Symbol.dispose]()
			lock?.release()
		},
	}
}

function dataDirId(db: SqliteDatabase): string {
	db.query("INSERT OR IGNORE INTO meta (key, value) VALUES ('data_dir_id', ?)").run(randomHex(8))
	return db.query<{ value: string }>("SELECT value FROM meta WHERE key = 'data_dir_id'").get()?.value ?? ''
}
