import { type AnyElysia, Elysia } from 'elysia'
import { MseError } from '../../kernel/error.ts'
import { randomHex } from '../../kernel/hash.ts'
import type { Logger } from '../../kernel/log.ts'
import { bodyTooLarge } from './body.ts'
import { consolePages } from './console.ts'
import { documents } from './documents.ts'
import { failureAt, fromElysia, isRuntimePath, logInternal, unknownPath } from './failure.ts'
import type { Frame } from './frame.ts'
import { type AdminGuard, adminGuard, type GuardOptions, originGuard } from './guard.ts'
import type { Metrics } from './metrics.ts'
import { type RouteTable, routeTable } from './route-table.ts'

export interface HttpOptions extends GuardOptions {
	readonly limits: { readonly bodyBytes: number; readonly frameBytes: number }
	readonly version: string
	readonly log: Logger
	/** Told of every answer; nobody counts them without. */
	readonly metrics?: Pick<Metrics, 'answered'>
}

/** The instance that route files are mounted on: `(root) => root.use(a).use(b)`. */
export type Root = ReturnType<typeof newRoot>

/**
 * The HTTP and WebSocket app: guard first, then the routes that `mount` adds, then answers for everything else. The
 * result has the routes' types. Needs no port (`app.handle`); `listen` gives it one.
 */
export function httpApp<App extends AnyElysia>(options: HttpOptions, mount: (root: Root) => App): App {
	const root = newRoot(options)
	if (options.metrics) measure(root, options.metrics)
	const app = mount(root)
	app.onError(({ error, code, request, set }) => {
		const failure = code === 'NOT_FOUND' ? noRoute(request, routeTable(app)) : fromElysia(error)
		logInternal(options.log, failure, set.headers['x-request-id'])
		const answer = failureAt(new URL(request.url).pathname, failure, headersOf(failure))
		set.status = answer.status
		return answer
	})
	return app
}

/** Streams and sockets count with the time to their first answer. */
function measure(root: Root, metrics: Pick<Metrics, 'answered'>): void {
	const began = new WeakMap<Request, number>()
	root
		.onRequest(({ request }) => void began.set(request, performance.now()))
		.onAfterResponse(({ request, route, set, responseValue }) => {
			const status = responseValue instanceof Response ? responseValue.status : Number(set.status ?? 200)
			const start = began.get(request)
			if (start !== undefined) metrics.answered(request.method, route || 'none', status, (performance.now() - start) / 1000)
		})
}

/** Starts answering on a port (0 takes a free one). Throws when it is taken. Resolves with what stops it. */
export function listen(app: AnyElysia, at: { readonly hostname: string; readonly port: number }) {
	app.listen({ hostname: at.hostname, port: at.port, websocket: pongWithPayload })
	const { server } = app
	if (server === null) throw new MseError('internal', 'The HTTP server did not start.')
	return { url: `http://${at.hostname.includes(':') ? `[${at.hostname}]` : at.hostname}:${server.port}`, server }
}

/** Elysia's own hook drops what a pong carried, and ours tells by it which frames arrived. */
const pongWithPayload = {
	message: (socket: Bun.ServerWebSocket<PongData>, message: string | Buffer) => socket.data.message(socket, message),
	pong: (socket: Bun.ServerWebSocket<PongData>, payload: Buffer) => socket.data.pong(socket, payload),
}
interface PongData {
	readonly message: (socket: unknown, message: string | Buffer) => void
	readonly pong: (socket: unknown, payload: Buffer) => void
}

/** Bun answers 413 without a body above its own limit; ours is lower, and says so. */
const OUT_OF_REACH = 2 ** 40

function newRoot(options: HttpOptions) {
	const { limits } = options
	const frame: Frame = { bodyBytes: limits.bodyBytes, log: options.log }
	const root = new Elysia({
		normalize: false,
		// As upstream's routers: a slash more is another path.
		strictPath: true,
		serve: { reusePort: false, maxRequestBodySize: OUT_OF_REACH, idleTimeout: 60 },
		// Only the root's options count. Liveness is ours (pings of the WebSocket wrapper), so Bun's idle limit is off.
		websocket: {
			maxPayloadLength: limits.frameBytes,
			backpressureLimit: limits.frameBytes,
			idleTimeout: 0,
			sendPings: false,
			perMessageDeflate: false,
		},
	}).state('frame', frame)
	const table = routeTable(root)
	const guards = { checkOrigin: originGuard(options), checkAdmin: adminGuard(options, table.speaksForItself) }
	return root
		.onRequest(({ request, set }) => admit(options, guards, request, set.headers))
		.use(documents(options.version, () => root.routes))
		.use(consolePages())
}

/** What stands before every route; a returned answer is the end of it. */
function admit(
	options: HttpOptions,
	{ checkOrigin, checkAdmin }: { readonly checkOrigin: ReturnType<typeof originGuard>; readonly checkAdmin: AdminGuard },
	request: Request,
	headers: Record<string, unknown>,
): Response | undefined {
	const { bodyBytes } = options.limits
	const { pathname } = new URL(request.url)
	headers['x-request-id'] = randomHex(8)
	try {
		const page = checkOrigin(request)
		if (page !== undefined) Object.assign(headers, { 'access-control-allow-origin': page, vary: 'origin' })
		if (page !== undefined && request.headers.has('access-control-request-method')) return preflight()
		checkAdmin(request, pathname)
		refuseBrokenEscape(request.url)
		const isTooLarge = Number(request.headers.get('content-length')) > bodyBytes
		// Routes of the worker runtime have an answer of their own to bodies they cannot read.
		if (isTooLarge && !isRuntimePath(pathname)) throw bodyTooLarge(bodyBytes)
		return undefined
	} catch (error) {
		return failureAt(pathname, fromElysia(error))
	}
}

/** What a browser asks before it lets a page of an allowed origin call us. */
function preflight(): Response {
	const allow = {
		methods: 'GET, POST, PUT, PATCH, DELETE',
		headers: 'authorization, content-type, idempotency-key, if-match, last-event-id',
	}
	return new Response(null, {
		status: 204,
		headers: { 'access-control-allow-methods': allow.methods, 'access-control-allow-headers': allow.headers },
	})
}

/** The two routers under us disagree on what a broken escape means; neither answer is any use. */
function refuseBrokenEscape(url: string): void {
	const [path = ''] = url.split('?', 1)
	if (!path.includes('%')) return
	try {
		decodeURIComponent(path)
	} catch {
		throw new MseError('malformed', 'The path has a percent escape that is not UTF-8.', { code: 'bad_path' })
	}
}

function noRoute(request: Request, table: RouteTable): MseError {
	const { pathname } = new URL(request.url)
	const methods = table.methods(pathname)
	if (methods.length === 0) return unknownPath(pathname)
	const allow = methods.filter((method) => method !== 'WS').flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
	if (methods.includes('WS') && request.method === 'GET' && !allow.includes('GET'))
		return new MseError('malformed', 'This route is a WebSocket.', { code: 'upgrade_required', hint: 'Send `Upgrade: websocket`.' })
	return new MseError('method_not_allowed', `${request.method} is not a method of this path.`, {
		details: { allow: methods.includes('WS') ? [...allow, 'GET'] : allow },
	})
}

function headersOf(error: MseError): Record<string, string> {
	const { allow } = (error.details ?? {}) as { allow?: readonly string[] }
	return error.kind === 'method_not_allowed' && allow ? { allow: allow.join(', ') } : {}
}
