import { MseError } from '../../kernel/error.ts'
import { equalInConstantTime, sha256Hex } from '../../kernel/hash.ts'
import { isRuntimePath } from './failure.ts'

export interface GuardOptions {
	/** Host part of the address the server listens on. */
	readonly bindHost: string
	/** Guards every route that does not speak for itself; null leaves them open. */
	readonly adminToken: string | null
	/** Guards the routes of the worker runtime, for which the admin token is as good; null: the admin token alone. */
	readonly runtimeToken?: string | null
	/** Leaves `POST /v1/operators` open for clients that cannot send the admin token. */
	readonly openJoin: boolean
	readonly allowedHosts: readonly string[]
	readonly allowedOrigins: readonly string[]
}

/** `detail` of a route that anybody may call, admin token or not. */
export const openRoute = { security: [] as Record<string, string[]>[] }
/** `detail` of a route that checks a credential of its own; it has to accept the admin token as well, see `isAdmin`. */
export const ownCredential = (name: string) => ({ security: [{ [name]: [] as string[] }, { admin: [] as string[] }] })

/** Whether a request carries the admin token. Always false when none is configured. */
export type IsAdmin = (request: Request) => boolean

export function adminCheck(adminToken: string | null): IsAdmin {
	if (adminToken === null) return () => false
	const digest = sha256Hex(adminToken)
	return (request) => equalInConstantTime(sha256Hex(bearerOf(request) ?? ''), digest)
}

/** The bearer credential of a request, trimmed; null when there is none, or another scheme. The prefix is case-sensitive. */
export function bearerOf(request: Request): string | null {
	const header = request.headers.get('authorization')
	if (header === null || !header.startsWith('Bearer ')) return null
	return header.slice('Bearer '.length).trim() || null
}

/**
 * Throws `forbidden` for a foreign `Host` or `Origin`: an open loopback port must not be reachable through a web page.
 * Returns the origin of a page that the configuration lets in, which has to be told so; undefined for everybody else. Made once.
 */
export function originGuard(options: GuardOptions): (request: Request) => string | undefined {
	// Hardly any request names another host than the one before.
	let own: string | undefined
	return ({ headers, url }) => {
		const host = (headers.get('host') ?? new URL(url).host).toLowerCase()
		if (host !== own && !isOwnHost(options, host)) throw foreign('Host', 'allowed_hosts')
		own = host
		const origin = headers.get('origin')?.toLowerCase()
		if (origin === undefined || origin === `http://${host}` || origin === `https://${host}`) return undefined
		if (!options.allowedOrigins.some((allowed) => allowed.toLowerCase() === origin)) throw foreign('Origin', 'allowed_origins')
		return origin
	}
}

/** What stands before a route that demands the admin token; the path is that of the request. */
export type AdminGuard = (request: Request, pathname: string) => void

/** Throws `unauthenticated` without the admin token where it is demanded; a lease of the worker runtime is a credential of its own. Made once; runs before anything reads the request. */
export function adminGuard(options: GuardOptions, speaksForItself: (method: string, path: string) => boolean): AdminGuard {
	const isAdmin = adminCheck(options.adminToken)
	const checkRuntime = runtimeGuard(options, isAdmin)
	return (request, pathname) => {
		if (isRuntimePath(pathname)) return pathname.startsWith('/v1/runtime/leases/') ? undefined : checkRuntime(request)
		if (options.adminToken === null || isAdmin(request)) return
		if (speaksForItself(request.method, pathname)) return
		if (options.openJoin && request.method === 'POST' && pathname === '/v1/operators') return
		throw new MseError('unauthenticated', 'This server wants its admin token.', {
			code: 'admin_token_required',
			hint: 'Send `Authorization: Bearer <admin token>`; clients of ours take it from MSE_TOKEN.',
		})
	}
}

/** The worker runtime's own credential: the scheme's spelling, one space, and every byte of the token count. */
function runtimeGuard({ adminToken, runtimeToken = null }: GuardOptions, isAdmin: IsAdmin): (request: Request) => void {
	const token = runtimeToken ?? adminToken
	const digest = sha256Hex(`Bearer ${token}`)
	return (request) => {
		if (token === null || isAdmin(request)) return
		if (equalInConstantTime(sha256Hex(request.headers.get('authorization') ?? ''), digest)) return
		throw new MseError('unauthenticated', 'missing or invalid local Runtime bearer token', { code: 'unauthorized' })
	}
}

function isOwnHost(options: GuardOptions, host: string): boolean {
	const name = host.replace(/:\d+$/, '')
	if (isLoopbackName(name) || options.allowedHosts.some((allowed) => [host, name].includes(allowed.toLowerCase()))) return true
	if (isLoopbackName(bracketed(options.bindHost))) return false
	// Listening on every address, any of them may be ours: a number cannot be rebound by a name server.
	const isWildcard = options.bindHost === '0.0.0.0' || options.bindHost === '::'
	return name === bracketed(options.bindHost) || (isWildcard && isAddress(name))
}

const isLoopbackName = (name: string): boolean => name === 'localhost' || name === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(name)
const isAddress = (name: string): boolean => /^\d+\.\d+\.\d+\.\d+$/.test(name) || /^\[[0-9a-f:.]+\]$/.test(name)
const bracketed = (host: string): string => (host.includes(':') && !host.startsWith('[') ? `[${host}]` : host)

function foreign(header: 'Host' | 'Origin', key: string): MseError {
	return new MseError('forbidden', `The ${header} header of this request is not one this server answers to.`, {
		code: `foreign_${header.toLowerCase()}`,
		hint: `Add it to \`${key}\` if it is yours.`,
	})
}
