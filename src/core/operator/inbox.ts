import { type Clock, sleep } from '../../kernel/clock.ts'
import type { SessionId } from '../../kernel/id.ts'
import type { Logger } from '../../kernel/log.ts'
import type { ServerMsg } from '../../protocol/operator-frame.ts'
import { agentOf } from './agent-sid.ts'
import type { Channel } from './connection.ts'
import type { OperatorHub } from './hub.ts'
import type { OperatorSessions } from './sessions.ts'

/** Inboxes of agents, as the hub fills them. */
export interface InboxStore {
	/**
	 * Puts a frame into an agent's inbox. That of a request is put there once, in the transaction that marks the request delivered:
	 * not again unless it was to be delivered once more, and not at all once the request has ended.
	 */
	put(agent: string, frame: ServerMsg): Promise<void>
}

export interface InboxDeps {
	readonly sessions: OperatorSessions
	readonly hub: Pick<OperatorHub, 'connect'>
	readonly store: InboxStore
	readonly clock: Clock
	readonly log: Logger
}

/** Lets the hub write to inboxes as it writes to sockets: for each agent's session there is, and for each that comes. */
export function connectInboxes(deps: InboxDeps): void {
	const connect = (sid: SessionId): void => {
		const agent = agentOf(sid)
		if (agent !== null) connectInbox(deps, sid, agent)
	}
	deps.sessions.listen({ joined: ({ sid }) => connect(sid), ended: () => {} })
	for (const { record } of deps.sessions.list()) connect(record.sid)
}

/** Between tries to write a frame down. */
const RETRY_MS = 1000

/** What a pong proves for a socket, the commit proves here. */
function connectInbox({ hub, store, clock, log }: InboxDeps, sid: SessionId, agent: string): void {
	const closed = new AbortController()
	let written: Promise<void> = Promise.resolve()
	const put = async (frame: ServerMsg): Promise<void> => {
		for (; !closed.signal.aborted; await sleep(clock, RETRY_MS, closed.signal).catch(() => {})) {
			try {
				return await store.put(agent, frame)
			} catch (error) {
				log.warn('a frame could not be put into an inbox, trying again', { agent, type: frame.type, error })
			}
		}
	}
	const channel: Channel = {
		send(frame) {
			const before = written
			const mine = put(frame)
			written = before.then(() => mine)
			return 'sent'
		},
		ping(payload) {
			void written.then(() => {
				if (!closed.signal.aborted) socket?.pong(payload)
			})
		},
		close: () => closed.abort(),
	}
	const socket = hub.connect(sid, channel)
}
