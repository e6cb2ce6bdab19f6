import { MseError } from '../../kernel/error.ts'
import {
	type HiveAgent,
	type HiveAgentDetail,
	type HiveAgentList,
	type HiveInbox,
	LOG_TAIL_DEFAULT,
	LOG_TAIL_MAX,
} from '../../protocol/hive-http.ts'
import { MANAGER } from './agent-name.ts'
import { toHiveAgent, toHiveAgentDetail } from './agent-view.ts'
import type { HiveAgents } from './agents.ts'
import type { Broker } from './broker.ts'
import { OPERATOR, type Receiving } from './hive.ts'
import type { InboxReader, MessageStore } from './message-store.ts'

/**
 * What the operator may do beyond the verbs of `HiveHost`, over HTTP and on the operator's own socket. Refusals are an MseError;
 * a promise resolves once the effect is there and on disk.
 */
export interface HiveControl {
	/** One that runs already is fine. The manager is made if there is none. */
	start(name: string): Promise<void>
	restart(name: string): Promise<void>
	setPaused(name: string, paused: boolean): Promise<void>
	list(): Promise<HiveAgentList>
	/** One agent, or all that are managed. */
	statuses(name?: string): Promise<readonly HiveAgent[]>
	inspect(name: string): Promise<HiveAgentDetail>
	/** The newest lines of what its program wrote. */
	logs(name: string, tail?: number): Promise<string>
	/** Into the inbox of an agent, from the operator; resolves to the id of the message. */
	send(to: string, body: string): Promise<number>
	/** The operator's own inbox. */
	recv(how: Receiving): Promise<boolean>
	/** A message of the operator's own inbox is taken as read; one that was read already is fine. */
	markRead(id: number): Promise<void>
	/** Reads an inbox, that of the operator too, and delivers nothing. */
	inbox(name: string, page: InboxPage): Promise<HiveInbox>
}

export interface InboxPage {
	readonly after?: number | undefined
	readonly limit?: number | undefined
	/** Delivered ones too. */
	readonly delivered?: boolean | undefined
	/** Newest first; `after` then leads to older ones. */
	readonly newest?: boolean | undefined
}

interface ControlDeps {
	readonly agents: Pick<
		HiveAgents,
		'start' | 'ensureManager' | 'restart' | 'setPaused' | 'records' | 'kept' | 'isManaged' | 'inspect' | 'logs'
	>
	readonly broker: Broker
	readonly inboxes: InboxReader & Pick<MessageStore, 'deliver'>
	/** Wait of a `recv` that names none. */
	readonly recvWaitSeconds: number
}

const BY = { by: OPERATOR }
const PAGE = 100
const PAGE_MAX = 1000

export function newHiveControl(deps: ControlDeps): HiveControl {
	const { agents, broker, inboxes } = deps
	return {
		async start(name) {
			if (name === MANAGER) await agents.ensureManager(BY)
			else await agents.start(name, BY)
		},
		restart: (name) => agents.restart(name, BY),
		setPaused: (name, paused) => agents.setPaused(name, paused, BY),
		async list() {
			return { agents: [...(await statuses(deps))], kept: [...(await agents.kept())] }
		},
		statuses: (name) => statuses(deps, name),
		inspect: async (name) => toHiveAgentDetail(await agents.inspect(name), await broker.unread(name)),
		logs: (name, tail = LOG_TAIL_DEFAULT) => agents.logs(name, Math.min(Math.max(tail, 1), LOG_TAIL_MAX)),
		send: (to, body) => broker.send({ from: OPERATOR, to, body, via: 'api' }),
		recv: ({ waitSeconds = deps.recvWaitSeconds, signal, handOver }) =>
			broker.receive(OPERATOR, { patienceMs: waitSeconds * 1000, signal, handOver }),
		async markRead(id) {
			const [message] = await inboxes.read(OPERATOR, { after: id - 1, limit: 1, delivered: true })
			if (message?.id !== id) throw new MseError('not_found', `the operator has no message ${id}`, { code: 'no_such_message' })
			if (message.deliveredAt === null) await inboxes.deliver(id)
		},
		async inbox(name, page) {
			await requireInbox(deps, name)
			return readInbox(inboxes, name, page)
		},
	}
}

async function statuses({ agents, inboxes }: ControlDeps, name?: string): Promise<readonly HiveAgent[]> {
	const records = await agents.records()
	const asked = name === undefined ? records : records.filter((record) => record.name === name)
	if (name !== undefined && asked.length === 0) throw noSuchAgent()
	return Promise.all(asked.map(async (record) => toHiveAgent(record, await inboxes.unread(record.name))))
}

/** What a destroyed agent did not receive waits for the next of its name, and can be read until then. */
async function requireInbox({ agents }: ControlDeps, name: string): Promise<void> {
	if (name === OPERATOR || name === MANAGER || (await agents.isManaged(name)) || (await agents.kept()).includes(name)) return
	throw noSuchAgent()
}

async function readInbox(
	inboxes: InboxReader,
	name: string,
	{ after = 0, limit = PAGE, delivered = false, newest: newestFirst = false }: InboxPage,
): Promise<HiveInbox> {
	const most = Math.min(Math.max(limit, 1), PAGE_MAX)
	const found = await inboxes.read(name, { after, limit: most, delivered, newestFirst })
	const messages = found.map(({ id, from, body, via, sentAt, deliveredAt }) => ({
		...{ id, from, body, via, sent_at: sentAt, delivered_at: deliveredAt },
	}))
	return { unread: await inboxes.unread(name), messages, next: found.length === most ? (found.at(-1)?.id ?? null) : null }
}

const noSuchAgent = (): MseError => new MseError('not_found', 'no such agent', { code: 'no_such_agent' })
