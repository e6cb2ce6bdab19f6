import { chmodSync, chownSync, lstatSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { UnixSocketListener } from 'bun'
import { MseError, messageOf } from '../../kernel/error.ts'

/** What other programs can put into a socket address. */
const MAX_PATH_BYTES = 107

/** Throws `invalid` for a path that clients could not connect to. */
export function refuseLongPath(path: string): void {
	const bytes = Buffer.byteLength(path)
	if (bytes <= MAX_PATH_BYTES) return
	throw new MseError('invalid', `The socket path ${path} has ${bytes} bytes; ${MAX_PATH_BYTES} is the most that can be connected to.`, {
		code: 'socket_path_too_long',
		hint: 'Set hive.run_dir to a shorter folder.',
	})
}

/**
 * Makes way at `path`: a file that a dead server left is removed. Throws `conflict` (code `hive_owned`) when somebody answers
 * there, or when the file is something else.
 */
export async function clearPath(path: string): Promise<void> {
	const found = lstatSync(path, { throwIfNoEntry: false })
	if (!found) return
	if (!found.isSocket()) throw new MseError('conflict', `${path} is in the way: it is no socket.`, { hint: 'Move it away.' })
	if (await answers(path)) throw new MseError('conflict', `another hive owns ${path}`, { code: 'hive_owned', hint: OTHER_DIR })
	rmSync(path, { force: true })
}

const OTHER_DIR = 'Stop that one, give this server another hive.run_dir, or set hive.enabled to false.'

/**
 * Listens under a name of its own first, so that nobody can connect before the rights are what they shall be; then the file
 * moves to `path`. Members of the group `gid` may connect too, where one is given. Stopping the listener leaves the file: whoever stops it removes it.
 */
export function bindSocket<Data>(path: string, gid: number | undefined, socket: Bun.SocketHandler<Data>): UnixSocketListener<Data> {
	const draft = join(dirname(path), '.new')
	rmSync(draft, { force: true })
	const listener = listenPrivately(draft, socket)
	try {
		if (gid !== undefined) chownSync(draft, process.getuid?.() ?? 0, gid)
		chmodSync(draft, gid === undefined ? 0o600 : 0o660)
		renameSync(draft, path)
		return listener
	} catch (cause) {
		listener.stop(true)
		throw new MseError('unavailable', `The socket ${path} could not be made: ${messageOf(cause)}.`, { cause })
	}
}

/** The mask is the whole process's, so it is set for this one synchronous call. */
function listenPrivately<Data>(path: string, socket: Bun.SocketHandler<Data>): UnixSocketListener<Data> {
	const mask = process.umask(0o177)
	try {
		return Bun.listen<Data>({ unix: path, allowHalfOpen: true, socket })
	} catch (cause) {
		throw new MseError('unavailable', `Nothing can listen at ${path}: ${messageOf(cause)}.`, { cause })
	} finally {
		process.umask(mask)
	}
}

/** Whether a process listens there; a file that a dead one left refuses. */
async function answers(path: string): Promise<boolean> {
	try {
		const socket = await Bun.connect({ unix: path, socket: { data() {} } })
		socket.terminate()
		return true
	} catch (thrown) {
		const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
		return code !== 'ECONNREFUSED' && code !== 'ENOENT'
	}
}
