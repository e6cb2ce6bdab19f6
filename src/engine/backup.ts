import { existsSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { backUpApart } from '../backend/process/backup.ts'
import type { Config } from '../config.ts'
import type { Clock } from '../kernel/clock.ts'
import { MseError } from '../kernel/error.ts'

/** One backup that is there, whole. */
export interface Backup {
	readonly file: string
	readonly bytes: number
}

/** Writes backups of a data directory into `backup_dir`, one at a time; `name` is that of the file. */
export function newBackups({ config, clock, dir }: { readonly config: Config; readonly clock: Clock; readonly dir: string | null }) {
	let isBusy = false
	return async (name = `mse-${stamp(clock.now())}.mse`): Promise<Backup> => {
		if (dir === null) throw refused('Everything of this server is in memory; there is nothing to back up.', 'nothing_to_back_up')
		if (isBusy) throw refused('A backup is being written already.', 'backup_running')
		const file = join(config.backupDir, name)
		if (existsSync(file)) throw refused(`${file} exists; a backup is never written over one.`, 'backup_exists')
		isBusy = true
		try {
			mkdirSync(config.backupDir, { recursive: true, mode: 0o700 })
			await backUpApart(dir, file)
			return { file, bytes: statSync(file).size }
		} finally {
			isBusy = false
		}
	}
}

const refused = (sentence: string, code: string): MseError => new MseError('conflict', sentence, { code })

/** `20261121-143000-123` */
const stamp = (now: number): string => new Date(now).toISOString().replaceAll(/[-:Z]/g, '').replaceAll(/[T.]/g, '-')
