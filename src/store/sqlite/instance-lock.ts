import { Database } from 'bun:sqlite'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
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
	const holderFile = join(dir, 'lock.holder')
	const lock = openLock(dir)
	try {
		lock.run('BEGIN EXCLUSIVE')
	} catch (cause) {
		lock.close()
		if (!isBusy(cause)) throw unwritable(dir, cause)
		throw new MseError('conflict', `The data directory ${dir} is in use by ${readHolder(holderFile)}.`, {
			code: 'data_dir_locked',
			hint: 'Stop that server, or start this one with another --data-dir.',
			cause,
		})
	}
	const nameHolder = ({ pid, address }: Holder): void => writeFileSync(holderFile, `pid ${pid}, ${address}\n`)
	try {
		nameHolder(holder)
	} catch (cause) {
		lock.close()
		throw unwritable(dir, cause)
	}
	return {
		nameHolder,
		release() {
			lock.run('ROLLBACK')
			lock.close()
		},
	}
}

function openLock(dir: string): Database {
	try {
		return new Database(join(dir, 'lock.db'), { create: true })
	} catch (cause) {
		throw unwritable(dir, cause)
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
