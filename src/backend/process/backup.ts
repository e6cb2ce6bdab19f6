import { MseError } from '../../kernel/error.ts'
import { selfArgv } from '../self-argv.ts'

/**
 * Writes a data directory to a new file by the program's own `backup` command: a process of its own, so that nothing here waits
 * while a large database is copied. Throws `unavailable` with what that process said.
 */
export async function backUpApart(dataDir: string, file: string): Promise<void> {
	const argv = selfArgv('backup', file, '--data-dir', dataDir, '--config', '/dev/null')
	const child = Bun.spawn([...argv], { env: {}, stdin: 'ignore', stdout: 'ignore', stderr: 'pipe' })
	const [said, code] = await Promise.all([child.stderr.text(), child.exited])
	if (code === 0) return
	throw new MseError('unavailable', `The backup could not be written to ${file}: ${said.trim() || `it ended with ${code}`}`, {
		code: 'backup_failed',
		hint: 'Nothing of the server itself is lost. Check `backup_dir` and its disk.',
	})
}
