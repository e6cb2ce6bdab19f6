import type { Clock } from '../../kernel/clock.ts'
import { MseError } from '../../kernel/error.ts'
import type { Logger } from '../../kernel/log.ts'
import type { EventLog } from '../event/log.ts'
import { MANAGER } from './agent-name.ts'
import { type AgentDirectory, OPERATOR } from './hive.ts'
import { Mailbox, type Receiver } from './mailbox.ts'
import type { MessageDraft, MessageStore } from './message-store.ts'

export interface BrokerDeps {
	readonly messages: MessageStore
	readonly events: Pick<EventLog, 'subscribe'>
	readonly agents: AgentDirectory
	readonly clock: Clock
	readonly log: Logger
	/** Longest body, in bytes of UTF-8. */
	readonly maxBodyBytes: number
}

export interface Broker {
	/** Resolves to its id once the message is on disk. Throws `not_found` for a recipient nobody can write to. */
	send(draft: MessageDraft): Promise<number>
	/** True once a message was handed over. Receivers of one inbox are served in the order they came. */
	receive(owner: string, receiver: Receiver): Promise<boolean>
	unread(owner: string): Promise<number>
}

/** The inboxes of the hive. A message is durable before it is acknowledged, and delivered only when its receiver has it. */
export function newBroker(deps: BrokerDeps): Broker {
	const receive = newReceive(deps)
	return {
		async send(draft) {
			if (!(await canReceive(deps.agents, draft.to)))
				throw new MseError('not_found', `unknown recipient ${JSON.stringify(draft.to)}`, { code: 'unknown_recipient' })
			await requireAllowed(deps.agents, draft)
			refuseLong(draft.body, deps.maxBodyBytes)
			return deps.messages.add(draft)
		},
		receive,
		unread: (owner) => deps.messages.unread(owner),
	}
}

/** Mailboxes are there while somebody receives, and the log is listened to only then. */
function newReceive({ messages, events, clock, log }: BrokerDeps): Broker['receive'] {
	const mailboxes = new Map<string, Mailbox>()
	let unsubscribe: (() => void) | undefined
	const idle = (owner: string): void => {
		mailboxes.delete(owner)
		if (mailboxes.size === 0) unsubscribe = void unsubscribe?.()
	}
	return (owner, receiver) => {
		unsubscribe ??= events.subscribe((facts) => {
			for (const { kind, data } of facts) if (kind === 'message.sent') mailboxes.get(String(data.to))?.lookAgain()
		})
		const mailbox = mailboxes.get(owner) ?? new Mailbox({ owner, messages, clock, log, idle: () => idle(owner) })
		mailboxes.set(owner, mailbox)
		return mailbox.receive(receiver)
	}
}

async function canReceive(agents: AgentDirectory, to: string): Promise<boolean> {
	return to === MANAGER || to === OPERATOR || (await agents.isManaged(to))
}

async function requireAllowed(agents: AgentDirectory, { from, to, via }: MessageDraft): Promise<void> {
	const allowed = via === 'agent-socket' && from !== OPERATOR ? await agents.recipientsOf?.(from) : null
	if (!allowed || allowed.includes(to)) return
	throw new MseError('forbidden', `${JSON.stringify(from)} may not write to ${JSON.stringify(to)} (allowed_recipients of its config)`, {
		code: 'recipient_not_allowed',
	})
}

function refuseLong(body: string, limit: number): void {
	const bytes = Buffer.byteLength(body)
	if (bytes <= limit) return
	throw new MseError('too_large', `the body has ${bytes} bytes; the limit is ${limit} (hive.max_body_bytes)`, { code: 'message_too_large' })
}
