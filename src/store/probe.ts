import { existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Finding, works } from '../core/doctor/probe.ts'
import type { Clock } from '../kernel/clock.ts'
import { MseError } from '../kernel/error.ts'
import { SqliteDatabase } from './sqlite/database.ts'

const LEAST_FREE_BYTES = 512 * 2 ** 20
const MIB = 2 ** 20

/** Commits a row for real and reads it back. `where` names the place in what is said. */
export async function proveCommit(db: SqliteDatabase, where: string): Promise<Finding> {
	const stamp = `${db.clock.now()}`
	const started = performance.now()
	await db.write(() => db.query("INSERT OR REPLACE INTO meta (key, value) VALUES ('doctor', ?)").run(stamp))
	const took = (performance.now() - started).toFixed(1)
	const back = db.query<{ value: string }>("SELECT value FROM meta WHERE key = 'doctor'").get()?.value
	const synchronous = db.query<{ synchronous: number }>('PRAGMA synchronous').get()?.synchronous ?? 0
	if (back !== stamp) return { status: 'broken', detail: `${where} does not give back what was committed.`, hint: 'Check the disk.' }
	if (synchronous < FULL) return { status: 'broken', detail: `${where} commits with synchronous=${synchronous}; FULL is ${FULL}.` }
	return works(`${where} takes a durable commit in ${took} ms`)
}

/** The value of `PRAGMA synchronous` with which a commit has reached the disk. */
const FULL = 2

/** The same for a data directory that this process has not opened: in a scratch database inside it, or where it would be made. */
export async function proveDataDir(dir: string, clock: Clock): Promise<Finding> {
	const place = nearestFolder(dir)
	const scratch = makeScratch(place)
	try {
		using db = new SqliteDatabase({ path: join(scratch, 'probe.db'), clock })
		return await proveCommit(db, place === dir ? dir : `${dir} will be made by the first start; ${place}`)
	} finally {
		rmSync(scratch, { recursive: true, force: true })
	}
}

/** Space for the data directory. */
export function proveDisk(dir: string): Finding {
	const place = nearestFolder(dir)
	const { bavail, bsize } = statfsSync(place)
	const detail = `${Math.floor((bavail * bsize) / MIB)} MiB are free at ${place}`
	if (bavail * bsize >= LEAST_FREE_BYTES) return works(detail)
	return {
		status: 'broken',
		detail,
		hint: `Free some, or name another --data-dir; under ${LEAST_FREE_BYTES / MIB} MiB a disk is soon full.`,
	}
}

/** The version of the SQLite that is built in. */
export function sqliteVersion(clock: Clock): string {
	using db = new SqliteDatabase({ path: ':memory:', clock })
	return db.query<{ version: string }>('SELECT sqlite_version() AS version').get()?.version ?? 'unknown'
}

function nearestFolder(dir: string): string {
	return existsSync(dir) || dirname(dir) === dir ? dir : nearestFolder(dirname(dir))
}

function makeScratch(place: string): string {
	try {
		return mkdtempSync(join(place, '.doctor-'))
	} catch (cause) {
		throw new MseError('forbidden', `${place} cannot be written by this user.`, {
			hint: 'Give this user the right to write there, or name another --data-dir.',
			cause,
		})
	}
}
