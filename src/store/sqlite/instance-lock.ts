import { Database } from 'bun:sqlite'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MseError } from '../../kernel/error.ts'

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
	const lock = new Database(join(dir, 'lock.db'), { create: true })
	try {
		lock.run('BEGIN EXCLUSIVE')
	} catch (cause) {
		lock.close()
		throw new MseError('conflict', `The data directory ${dir} is in use by ${readHolder(holderFile)}.`, {
			code: 'data_dir_locked',
			hint: 'Stop that server, or start this one with another --data-dir.',
			cause,
		})
	}
	const nameHolder = ({ pid, address }: Holder): void => writeFileSync(holderFile, `pid ${pid}, ${address}\n`)
	nameHolder(holder)
	return {
		nameHolder,
		release() {
			lock.run('ROLLBACK')
			lock.close()
		},
	}
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
