import { randomUUID } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Attempt } from '../../core/dispatch/backend.ts'

/** Where the files of one data directory are. */
export const systemFolder = (dataDir: string): string => join(dataDir, 'system-prompt')

/** A file with the system prompt of an attempt, for the owner alone: it may hold what others shall not read. */
export function writeSystemFile(folder: string | undefined, { stepId, n }: Attempt, text: string): string {
	if (folder !== undefined) mkdirSync(folder, { recursive: true, mode: 0o700 })
	const path = join(folder ?? tmpdir(), `mse-system-${stepId}-${n}-${randomUUID()}.md`)
	writeFileSync(path, text, { mode: 0o600, flag: 'wx' })
	return path
}

/** Removes what an earlier life of the data directory left. To be called once nothing of it runs any more. */
export function removeSystemFiles(dataDir: string): void {
	rmSync(systemFolder(dataDir), { recursive: true, force: true })
}
