import { Database } from 'bun:sqlite'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MseError, messageOf } from '../../kernel/error.ts'

/** One server per data directory. The lock is an open transaction, so the system frees it however the process ends. */
export interface InstanceLock {
	/** What the next server is told about this one. */
	nameHolder(holder: Holder): void
	release(): void
}

export interface Holder {
	readonly pid: number
	readonly address: string
}

/** Throws `conflict` (code `data_dir_locked`) naming the holder when another process has the directory. */
export function lockDataDir(dir: string, holder: Holder): InstanceLock {
	return lockDir(dir, holder, {
		unwritable: (cause) => unwritable(dir, cause),
		taken: (by, cause) =>
			new MseError('conflict', `The data directory ${dir} is in use by ${by}.`, {
				code: 'data_dir_locked',
				hint: 'Stop that server, or start this one with another --data-dir.',
				cause,
			}),
	})
}

/** Throws `conflict` (code `hive_owned`) naming the holder when another hive has a directory; `key` is the setting that moves this one's. */
export function lockHiveDir(dir: string, key: 'hive.run_dir' | 'hive.state_dir', holder: Holder): InstanceLock {
	return lockDir(dir, holder, {
		unwritable: (cause) => new MseError('unavailable', `The hive's folder ${dir} cannot be written: ${messageOf(cause)}.`, { cause }),
		taken: (by, cause) =>
			new MseError('conflict', `another hive owns ${dir}: ${by}`, {
				code: 'hive_owned',
				hint: `Stop that one, give this server another ${key}, or set hive.enabled to false.`,
				cause,
			}),
	})
}

/** What is said of a directory that cannot be had. */
interface Refusals {
	unwritable(cause: unknown): MseError
	taken(by: string, cause: unknown): MseError
}

function lockDir(dir: string, holder: Holder, refusals: Refusals): InstanceLock {
	const holderFile = join(dir, 'lock.holder')
	const lock = openLock(dir, refusals)
	try {
		lock.run('BEGIN EXCLUSIVE')
	} catch (cause) {
		lock.close()
		throw isBusy(cause) ? refusals.taken(readHolder(holderFile), cause) : refusals.unwritable(cause)
	}
	const nameHolder = ({ pid, address }: Holder): void => writeFileSync(holderFile, `pid ${pid}, ${address}\n`)
	try {
		nameHolder(holder)
	} catch (cause) {
		lock.close()
		throw refusals.unwritable(cause)
	}
	return {
		nameHolder,
		release() {
			lock.run('ROLLBACK')
			lock.close()
		},
	}
}

/** Nobody else may open it: whoever reads it could keep a server out. */
function openLock(dir: string, refusals: Refusals): Database {
	const path = join(dir, 'lock.db')
	try {
		const lock = new Database(path, { create: true })
		chmodSync(path, 0o600)
		return lock
	} catch (cause) {
		throw refusals.unwritable(cause)
	}
}

const isBusy = (cause: unknown): boolean => String((cause as { code?: unknown }).code).startsWith('SQLITE_BUSY')

/** A folder, or a file in it, that the system will not let us write. */
export function unwritable(dir: string, cause: unknown): MseError {
	return new MseError('unavailable', `The data directory ${dir} cannot be written: ${messageOf(cause)}.`, {
		code: 'storage_unavailable',
		hint: 'Check its disk and its rights, or start with another --data-dir.',
		cause,
	})
}

/** Who has the directory, as the lock tells and not only the holder's file; null when nobody has. Changes nothing. */
export function lockHolder(dir: string): string | null {
	const path = join(dir, 'lock.db')
	if (!existsSync(path)) return null
	const lock = new Database(path, { create: false, readwrite: true })
	try {
		lock.run('BEGIN EXCLUSIVE')
		lock.run('ROLLBACK')
		return null
	} catch {
		return readHolder(join(dir, 'lock.holder'))
	} finally {
		lock.close()
	}
}

function readHolder(file: string): string {
	try {
		return readFileSync(file, 'utf8').trim()
	} catch {
		return 'another process'
	}
}
