import { TypeCompiler } from '@sinclair/typebox/compiler'
import type { Clock } from '../../kernel/clock.ts'
import { parseJson } from '../../kernel/json.ts'
import { API_VERSION, OPERATOR_FEATURES } from '../../kernel/version.ts'
import { type ClientMsg, type ServerMsg, ServerMsgSchema } from '../../protocol/operator-frame.ts'
import type { OperatorCredential } from './operator-api.ts'

/** How a socket ended. `opened` is false when the upgrade was refused or nobody answered. */
export interface LineEnd {
	readonly opened: boolean
	readonly code: number
	readonly reason: string
}

/** One socket of a session, from the upgrade to the close. */
export interface OperatorLine {
	/** Written now, or lost with the socket; a receipt tells. */
	send(frame: ClientMsg): void
	close(): void
	readonly ended: Promise<LineEnd>
}

export interface LineListener {
	/** The upgrade is done and `hello` said. */
	opened(line: OperatorLine): void
	/** In the order they came. */
	frame(frame: ServerMsg): void
	unreadable(text: string): void
}

const isServerMsg = TypeCompiler.Compile(ServerMsgSchema)

/** A server that says nothing for so long, not even to a ping, is gone; the network may never tell. */
const PING_MS = 30_000
const SILENCE_MS = 90_000

/** Opens a socket for the session. Never throws: what went wrong is in `ended`. */
export function openLine(baseUrl: string, { sid, token }: OperatorCredential, clock: Clock, listener: LineListener): OperatorLine {
	const url = `${baseUrl.replace(/^http/, 'ws')}/v1/operators/${encodeURIComponent(sid)}/ws`
	const socket = new WebSocket(url, { headers: { authorization: `Bearer ${token}` } })
	const ended = Promise.withResolvers<LineEnd>()
	let opened = false
	let failure = ''
	const line: OperatorLine = {
		ended: ended.promise,
		send: (frame) => void (socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(frame))),
		close: () => socket.close(1000),
	}
	socket.addEventListener('open', () => {
		opened = true
		line.send({ type: 'hello', api_version: API_VERSION, features: [...OPERATOR_FEATURES] })
		listener.opened(line)
	})
	socket.addEventListener('message', ({ data }) => readFrame(data, listener))
	socket.addEventListener('error', (event) => {
		failure = 'message' in event ? String(event.message) : ''
	})
	const stopWatch = watch(socket, clock)
	socket.addEventListener('close', ({ code, reason }) => {
		stopWatch()
		ended.resolve({ opened, code, reason: reason || failure })
	})
	return line
}

function readFrame(data: unknown, listener: LineListener): void {
	if (typeof data !== 'string') return
	const frame: unknown = parseJson(data)
	if (isServerMsg.Check(frame)) listener.frame(frame)
	else listener.unreadable(data)
}

/** Cuts the socket when nothing is heard on it, handshake included. */
function watch(socket: WebSocket, clock: Clock): () => void {
	let heardAt = clock.now()
	const heard = (): void => {
		heardAt = clock.now()
	}
	for (const kind of ['open', 'message', 'ping', 'pong'] as const) socket.addEventListener(kind, heard)
	const beat = (): void => {
		if (clock.now() - heardAt >= SILENCE_MS) return void socket.terminate()
		if (socket.readyState === WebSocket.OPEN) socket.ping()
		cancel = clock.after(PING_MS, beat)
	}
	let cancel = clock.after(PING_MS, beat)
	return () => cancel()
}
