import type { Static, TSchema } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import type { Clock } from '../../kernel/clock.ts'
import { MseError } from '../../kernel/error.ts'
import type { Logger } from '../../kernel/log.ts'
import type { RouteDetail } from './openapi/document.ts'
import { type Connection, newConnection, type RawSocket, type Socket } from './socket.ts'
import { STREAM_LIMITS, type StreamLimits } from './stall.ts'

/** The request of an upgrade, as `admit` sees it. */
export interface Upgrade {
	readonly request: Request
	readonly params: { readonly [name: string]: string }
	readonly query: { readonly [name: string]: string | undefined }
}

export interface SocketSpec<In extends TSchema, Out extends TSchema, Caller> {
	readonly in: In
	readonly out: Out
	/** Many sockets are sent the same objects, which never change: each is checked and made text once. */
	readonly isShared?: boolean
	/** What the OpenAPI document says of the route, beside its frames. */
	readonly detail?: RouteDetail
	/** Statuses with which `admit` refuses, beside those of every route. */
	readonly refuses?: readonly number[]
	/** Runs before the upgrade: what it throws is the HTTP answer. */
	admit(upgrade: Upgrade): Caller | Promise<Caller>
	open?(socket: Socket<Static<Out>, Caller>): void | Promise<void>
	/** Called for one frame at a time, in order; the next one waits for the promise. */
	message(socket: Socket<Static<Out>, Caller>, frame: Static<In>): void | Promise<void>
	/** A text frame that is no `in`, or a binary one. Absent: dropped in silence. */
	misunderstood?(socket: Socket<Static<Out>, Caller>, frame: unknown): void | Promise<void>
	pong?(socket: Socket<Static<Out>, Caller>, payload: string): void
	close?(socket: Socket<Static<Out>, Caller>, code: number, reason: string): void | Promise<void>
	readonly log: Logger
	readonly clock: Clock
	/** Pings, and the silence after which the peer counts as gone (closed 4408). */
	readonly liveness?: { readonly pingMs: number; readonly silenceMs: number }
	readonly limits?: StreamLimits | undefined
}

const LIVENESS = { pingMs: 30_000, silenceMs: 150_000 }

/** Elysia hands its own wrapper to some hooks and Bun's socket to others; both lead to `raw`. */
type AnySocket = RawSocket | { readonly raw: RawSocket }
interface OpenedSocket {
	readonly raw: RawSocket
	readonly data: { readonly request: Request }
}

/**
 * The one way to a WebSocket route: `swarmRoutes('x').ws('/v1/x/:id/ws', socketRoute({ in, out, … }))`. Frames are
 * checked both ways by validators compiled once; handlers and the eden client take their types from the same schemas.
 */
export function socketRoute<In extends TSchema, Out extends TSchema, Caller>(spec: SocketSpec<In, Out, Caller>) {
	const hub = socketHub(spec)
	return {
		// For the types alone: a schema that Elysia checked would answer, or stay silent, in ways of its own.
		body: undefined as unknown as In,
		response: undefined as unknown as Out,
		detail: { ...spec.detail, frames: { in: spec.in, out: spec.out, refuses: spec.refuses ?? [] } },
		async beforeHandle(context: Upgrade): Promise<void> {
			refuseBadHandshake(context.request)
			hub.admitted.set(context.request, await spec.admit(context))
		},
		open: (socket: OpenedSocket): void => hub.open(socket),
		message: (socket: AnySocket, frame: unknown): void => hub.message(rawOf(socket), frame),
		ping: (socket: AnySocket): void => void hub.heard(rawOf(socket)),
		pong: (socket: AnySocket, payload?: unknown): void => hub.pong(rawOf(socket), payload),
		drain: (socket: AnySocket): void => hub.drain(rawOf(socket)),
		close: (socket: AnySocket, code: number, reason: string): void => hub.close(rawOf(socket), code, reason),
	}
}

/** The sockets of one route. */
function socketHub<In extends TSchema, Out extends TSchema, Caller>(spec: SocketSpec<In, Out, Caller>) {
	type Live = Connection<Static<Out>, Caller>
	const isIn = TypeCompiler.Compile(spec.in)
	const encode = encoder(spec.out, spec.isShared === true)
	const { limits = STREAM_LIMITS } = spec
	const admitted = new WeakMap<Request, Caller>()
	const live = new Map<RawSocket, Live>()
	const heard = (raw: RawSocket): Live | undefined => {
		const socket = live.get(raw)
		if (socket) socket.lastHeardAt = spec.clock.now()
		return socket
	}
	return {
		admitted,
		heard,
		open({ raw, data }: OpenedSocket): void {
			const socket: Live = newConnection(raw, admitted.get(data.request) as Caller, {
				clock: spec.clock,
				stallMs: limits.stallMs,
				encode,
			})
			live.set(raw, socket)
			keepAlive(socket, spec.clock, spec.liveness ?? LIVENESS)
			enqueue(socket, spec.log, () => spec.open?.(socket))
		},
		message(raw: RawSocket, frame: unknown): void {
			const socket = heard(raw)
			if (!socket) return
			if (isFlooding(socket, limits.framesPerSec)) socket.close(1008, `over ${limits.framesPerSec} frames a second (limits.frames_per_sec)`)
			else if (socket.waiting >= limits.inboxFrames) socket.close(1013, `over ${limits.inboxFrames} frames wait here (limits.inbox_frames)`)
			else if (isIn.Check(frame)) enqueue(socket, spec.log, () => spec.message(socket, frame))
			else enqueue(socket, spec.log, () => spec.misunderstood?.(socket, frame))
		},
		pong(raw: RawSocket, payload: unknown): void {
			const socket = heard(raw)
			if (socket) spec.pong?.(socket, payload instanceof Uint8Array ? new TextDecoder().decode(payload) : String(payload ?? ''))
		},
		drain: (raw: RawSocket): void => live.get(raw)?.wakeDrained(),
		close(raw: RawSocket, code: number, reason: string): void {
			const socket = live.get(raw)
			if (!socket) return
			live.delete(raw)
			socket.ended.abort()
			socket.wakeDrained()
			enqueue(socket, spec.log, () => spec.close?.(socket, code, reason))
		},
	}
}

/** Counts a frame that was just heard; even frames that are dropped have to be read. */
function isFlooding({ heard, lastHeardAt }: Connection<never, unknown>, framesPerSec: number): boolean {
	if (lastHeardAt - heard.since >= 1000) Object.assign(heard, { frames: 0, since: lastHeardAt })
	heard.frames++
	return heard.frames > framesPerSec
}

/** Handlers of one socket run one after another; a failing one is our defect and must not stop the rest. */
function enqueue(socket: Connection<never, unknown>, log: Logger, work: () => void | Promise<void>): void {
	socket.waiting++
	socket.tail = socket.tail
		.then(work)
		.catch((cause: unknown) => log.error('socket handler failed', { cause }))
		.finally(() => socket.waiting--)
}

/** The text of a frame. Throws `internal` for one that is no `schema`. */
function encoder(schema: TSchema, isShared: boolean): (frame: unknown) => string {
	const isOut = TypeCompiler.Compile(schema)
	const encode = (frame: unknown): string => {
		if (!isOut.Check(frame)) throw new MseError('internal', 'A frame to be sent is not what its route declares.')
		return JSON.stringify(frame)
	}
	return isShared ? oncePerObject(encode) : encode
}

function oncePerObject<T>(make: (of: unknown) => T): (of: unknown) => T {
	const made = new WeakMap<object, T>()
	return (of) => {
		if (typeof of !== 'object' || of === null) return make(of)
		const known = made.get(of)
		if (known !== undefined) return known
		const fresh = make(of)
		made.set(of, fresh)
		return fresh
	}
}

function keepAlive(socket: Connection<never, unknown>, clock: Clock, { pingMs, silenceMs }: typeof LIVENESS): void {
	const beat = (): void => {
		if (clock.now() - socket.lastHeardAt >= silenceMs) socket.close(4408, 'nothing heard')
		else socket.ping('')
		cancel = clock.after(pingMs, beat)
	}
	let cancel = clock.after(pingMs, beat)
	socket.closed.addEventListener('abort', () => cancel(), { once: true })
}

/** Before any credential is looked at, as mlua-swarm does. */
function refuseBadHandshake({ headers }: Request): void {
	if (headers.get('sec-websocket-version') === '13' && headers.get('sec-websocket-key')) return
	throw new MseError('malformed', 'The WebSocket handshake is incomplete.', {
		code: 'bad_handshake',
		hint: 'Send `Sec-WebSocket-Version: 13` and a `Sec-WebSocket-Key`.',
	})
}

const rawOf = (socket: AnySocket): RawSocket => ('raw' in socket ? socket.raw : socket)
