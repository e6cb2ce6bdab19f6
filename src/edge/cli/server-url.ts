import type { Invocation } from './command.ts'
import { usageError } from './exit-code.ts'
import { type Flag, lastOf } from './flag.ts'

/** The flag of every command that talks to a server. */
export const urlFlag: Flag = { name: 'url', placeholder: 'URL', doc: 'the server (default MSE_URL, else http://127.0.0.1:7777)' }

/**
 * The server a client command means, without a slash at the end: `--url`, `MSE_URL`, `MSE_HTTP`, then this machine at the port
 * of `MSE_BIND`, so that a command inside a container finds the server beside it.
 */
export function serverUrl({ flags, env }: Pick<Invocation, 'flags' | 'env'>): string {
	const given = lastOf(flags, 'url') || env.MSE_URL || env.MSE_HTTP
	if (!given) return ownUrl(env.MSE_BIND)
	const url = URL.parse(given)
	if (url?.protocol === 'http:' || url?.protocol === 'https:') return given.replace(/\/+$/, '')
	throw usageError(`"${given}" is not the URL of a server.`, 'It looks like http://127.0.0.1:7777.')
}

/** A wildcard host is reached through loopback. */
function ownUrl(bind = ''): string {
	const { host = '127.0.0.1', port = '7777' } = /^(?<host>.+):(?<port>\d+)$/.exec(bind)?.groups ?? {}
	const reachable = { '0.0.0.0': '127.0.0.1', '[::]': '[::1]' }[host] ?? host
	return `http://${reachable}:${port}`
}
