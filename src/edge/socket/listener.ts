import { rmSync } from 'node:fs'
import { bindSocket, clearPath, refuseLongPath } from './bind.ts'
import { Connection, type ConnectionDeps } from './connection.ts'

export interface SocketListener {
	/** Takes no more connections, removes the file, and ends those there are once what they do is answered, or after a second. */
	stop(): Promise<void>
}

/** What a stop waits for requests under way. */
const PATIENCE_MS = 1000

/** Listens at a path for clients of one vocabulary. The folder is there already. */
export async function openListener(path: string, gid: number | undefined, deps: ConnectionDeps): Promise<SocketListener> {
	refuseLongPath(path)
	await clearPath(path)
	const open = new Set<Connection>()
	const listener = bindSocket<Connection>(path, gid, {
		open(socket) {
			socket.data = new Connection(socket, deps)
			open.add(socket.data)
		},
		data: ({ data }, chunk) => data.data(chunk),
		drain: ({ data }) => data.drain(),
		end: ({ data }) => data.end(),
		close({ data }) {
			data.close()
			open.delete(data)
		},
		error() {},
	})
	let stopped: Promise<void> | undefined
	const stop = async (): Promise<void> => {
		rmSync(path, { force: true })
		listener.stop()
		const late = new Promise<void>((resolve) => void deps.clock.after(PATIENCE_MS, resolve))
		await Promise.race([Promise.all([...open].map((connection) => connection.stop())), late])
		listener.stop(true)
	}
	return {
		stop() {
			stopped ??= stop()
			return stopped
		},
	}
}
