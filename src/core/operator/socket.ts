import { MseError, messageOf } from '../../kernel/error.ts'
import type { SessionId } from '../../kernel/id.ts'
import { API_VERSION, API_VERSIONS, FEATURES } from '../../kernel/version.ts'
import type { ClientHello, ClientMsg, ClientReply } from '../../protocol/operator-frame.ts'
import type { Connection } from './connection.ts'
import type { Answered } from './store.ts'

/** What the messages of a socket are handed to. */
export interface SocketHost {
	/** `isPatient`: the client could not be told of a failure, so a write that fails is tried again. */
	answer(sid: SessionId, reply: ClientReply, isPatient: boolean): Promise<Answered>
	/** A frame that could not be used was dropped. */
	dropped(): void
	pong(sid: SessionId, connection: Connection, payload: string): void
	closed(sid: SessionId, connection: Connection): void
}

/** One socket of an operator's session, as the edge drives it. Its messages take effect in the order they came. */
export class OperatorSocket {
	readonly #sid: SessionId
	readonly #connection: Connection
	readonly #host: SocketHost
	/** Receipts and refusals leave in the order in which their messages came. */
	#order: Promise<void> = Promise.resolve()

	constructor(sid: SessionId, connection: Connection, host: SocketHost) {
		this.#sid = sid
		this.#connection = connection
		this.#host = host
	}

	receive(message: ClientMsg): void {
		if (message.type === 'hello') this.#greet(message)
		else this.#reply(message)
	}

	/** Something came that is no message of this wire. */
	unreadable(): void {
		this.#host.dropped()
		this.#order = this.#order.then(() => this.#refuse('bad_frame', 'This is not a frame of an operator.'))
	}

	pong(payload: string): void {
		this.#host.pong(this.#sid, this.#connection, payload)
	}

	closed(): void {
		this.#host.closed(this.#sid, this.#connection)
	}

	#reply(message: ClientReply): void {
		const tell = this.#host.answer(this.#sid, message, !this.#connection.saidHello).then(
			(answered) => () => this.#receipt(message.req_id, answered),
			(error) => () => this.#refuse(error instanceof MseError ? error.code : 'internal', messageOf(error), message.req_id),
		)
		this.#order = this.#order.then(() => tell).then((inTurn) => inTurn())
	}

	/** A client of another version is told so and may stay: the frames of mlua-swarm mean the same to all. */
	#greet({ api_version: theirs = API_VERSION }: ClientHello): void {
		this.#connection.saidHello = true
		this.#connection.notify({ type: 'hello', api_version: API_VERSION, features: [...FEATURES] })
		if (API_VERSIONS.some((ours) => ours === theirs || ours === `v${theirs}`)) return
		this.#refuse('unsupported_api_version', `This server speaks ${API_VERSIONS.join(', ')}, not ${theirs}.`)
	}

	#receipt(reqId: string, answered: Answered): void {
		if (answered.outcome === 'unknown') {
			this.#host.dropped()
			this.#refuse('unknown_request', `No request ${reqId} was addressed to this session.`, reqId)
			return
		}
		if (answered.outcome === 'ended' && answered.state !== 'answered')
			this.#refuse('gone', `Request ${reqId} was ${answered.state} before the reply came.`, reqId)
		this.#connection.notify({ type: 'received', req_id: reqId })
	}

	#refuse(code: string, message: string, reqId?: string): void {
		this.#connection.notify({ type: 'error', code, ...(reqId !== undefined && { req_id: reqId }), message })
	}
}
