import { chmodSync, mkdirSync, statSync } from 'node:fs'
import { MseError, messageOf } from '../../kernel/error.ts'

/** Others may pass through to the sockets they have rights to, and see nothing. */
const PASSABLE = 0o751
const PRIVATE = 0o700

/** Makes the folder with the rights of the run directory. Throws `forbidden` when it belongs to somebody else. */
export function makePassableDir(path: string): void {
	makeDir(path, PASSABLE)
}

/** Makes the folder of one agent's socket. */
export function makePrivateDir(path: string): void {
	makeDir(path, PRIVATE)
}

function makeDir(path: string, mode: number): void {
	try {
		mkdirSync(path, { recursive: true, mode })
		refuseForeign(path)
		chmodSync(path, mode)
	} catch (cause) {
		if (cause instanceof MseError) throw cause
		throw new MseError('unavailable', `The hive's folder ${path} cannot be made: ${messageOf(cause)}.`, {
			hint: 'Set hive.run_dir or hive.state_dir.',
			cause,
		})
	}
}

/** Whoever owns the folder could put a socket of their own in the place of ours. */
function refuseForeign(path: string): void {
	const { uid } = statSync(path)
	const own = process.getuid?.() ?? uid
	if (uid === own || own === 0) return
	throw new MseError('forbidden', `The hive's folder ${path} belongs to the user with uid ${uid}.`, {
		hint: 'Set hive.run_dir or hive.state_dir to a folder of yours.',
	})
}
