import { closeSync, openSync } from 'node:fs'
import { MseError } from '../../kernel/error.ts'
import { whyNotSpawned } from './spawn.ts'

export interface DetachedCommand {
	readonly argv: readonly string[]
	readonly env: Record<string, string>
	readonly cwd: string
	/** Its stdout and stderr are appended to this file. */
	readonly logFile: string
	/** The user it runs as; null: that of the server. */
	readonly uid: number | null
}

export interface DetachedChild {
	readonly pid: number
	/** Null while it runs, and when a signal ended it. */
	readonly exitCode: number | null
	readonly exited: Promise<unknown>
}

/** Starts a program that outlives this process: in a session of its own, without stdin, writing to a file. Throws `spawn_failed`. */
export function spawnDetached({ argv, env, cwd, logFile, uid }: DetachedCommand): DetachedChild {
	const log = openSync(logFile, 'a', 0o600)
	try {
		const user = uid === null ? {} : { uid, gid: uid }
		const child = Bun.spawn([...argv], { env, cwd, stdin: 'ignore', stdout: log, stderr: log, detached: true, ...user })
		child.unref()
		return child
	} catch (thrown) {
		throw new MseError('unavailable', whyNotSpawned({ argv, cwd }, thrown), { code: 'spawn_failed', cause: thrown })
	} finally {
		closeSync(log)
	}
}
