import { join } from 'node:path'
import { newAgentFace } from '../../../src/core/hive/agent-face.ts'
import type { AgentRecord } from '../../../src/core/hive/agent-store.ts'
import type { HiveBridge } from '../../../src/core/hive/bridge.ts'
import { newBroker } from '../../../src/core/hive/broker.ts'
import { newHiveControl } from '../../../src/core/hive/control.ts'
import { approvalResolved } from '../../../src/core/hive/helper-event.ts'
import type { HiveHost } from '../../../src/core/hive/hive.ts'
import { hivePaths } from '../../../src/core/hive/hive-path.ts'
import { newHiveSockets } from '../../../src/edge/socket/hive-sockets.ts'
import { type Clock, systemClock } from '../../../src/kernel/clock.ts'
import { MseError } from '../../../src/kernel/error.ts'
import { type Logger, silentLogger } from '../../../src/kernel/log.ts'
import type { HiveApproval } from '../../../src/protocol/hive.ts'
import { SqliteDatabase } from '../../../src/store/sqlite/database.ts'
import { SqliteEventStore } from '../../../src/store/sqlite/event/event-store.ts'
import { SqliteMessageStore } from '../../../src/store/sqlite/hive/message-store.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { connectTo, type LineClient } from './line-client.ts'

interface HiveWorldOptions {
	readonly clock?: Clock
	readonly log?: Logger
	/** A folder that outlives the world. */
	readonly dir?: string
	readonly agents?: readonly string[]
	readonly operatorMsg?: 'allow' | 'deny'
	readonly wireVersion?: boolean
	readonly adminGid?: number
	readonly maxBodyBytes?: number
	readonly bridge?: HiveBridge
}

export type HiveWorld = Awaited<ReturnType<typeof hiveWorld>>

/** Real sockets around the real broker and database; the lives of agents and the approvals are scripted. */
export async function hiveWorld(options: HiveWorldOptions = {}) {
	const { clock = systemClock, log = silentLogger, agents: names = ['alice', 'bob'] } = options
	const temp = options.dir === undefined ? tempDir() : undefined
	const dir = options.dir ?? temp?.path ?? ''
	const db = new SqliteDatabase({ path: join(dir, 'mse.db'), clock })
	const messages = new SqliteMessageStore(db)
	const script = scriptedHost(clock)
	for (const name of names) script.agents.add(name)
	const broker = newBroker({
		...{ messages, events: new SqliteEventStore(db), clock, log, maxBodyBytes: options.maxBodyBytes ?? 262_144 },
		agents: { isManaged: (name) => script.agents.has(name) },
	})
	const face = newAgentFace({ broker, manager: script.manager, operatorMsg: options.operatorMsg ?? 'allow', recvWaitSeconds: 0 })
	const runDir = join(dir, 'run')
	const paths = hivePaths(runDir)
	const heard: string[] = []
	const { bridge } = options
	const sockets = newHiveSockets({
		...(bridge && { bridge: () => bridge }),
		...{ runDir, face, clock, log, maxLineBytes: 1_048_576, wireVersion: options.wireVersion ?? false },
		adminGid: options.adminGid,
		heard: (name) => void heard.push(name),
	})
	await sockets.openManager()
	for (const name of names) await sockets.open(name)
	const control = newHiveControl({ agents: scriptedAgents(script, clock), broker, inboxes: messages, recvWaitSeconds: 0 })
	await sockets.openHost({ host: script.host, control })
	const clients: LineClient[] = []
	const connect = async (path: string, socket: 'host' | 'agent'): Promise<LineClient> => {
		const client = await connectTo(path, socket)
		clients.push(client)
		return client
	}
	return {
		...{ db, messages, broker, face, sockets, script, paths, clock, heard, runDir },
		host: () => connect(paths.hostSocket, 'host'),
		agent: (name: string) => connect(paths.agentSocket(name), 'agent'),
		manager: () => connect(paths.managerSocket, 'agent'),
		rows: () => db.query<{ rows: number }>('SELECT count(*) AS rows FROM message').get()?.rows,
		/** How often a message went back into its inbox. */
		returned: () => db.query<{ times: number }>("SELECT count(*) AS times FROM event WHERE kind = 'message.returned'").get()?.times,
		async [Symbol.asyncDispose]() {
			for (const client of clients) client[Symbol.dispose]()
			await sockets.stop()
			db[Symbol.dispose]()
			temp?.[Symbol.dispose]()
		},
	}
}

/** Agents that are names only, and approvals that are done at once. `calls` has what reached it. */
export function scriptedHost(clock: Clock) {
	const agents = new Set<string>()
	const approvals: HiveApproval[] = []
	const calls: string[] = []
	const request = (agent: string, kind: HiveApproval['kind'], commit_ref: string): void => {
		const requested_at = Math.floor(clock.now() / 1000)
		approvals.push({ id: approvals.length + 1, agent, kind, commit_ref, requested_at, status: 'pending' })
	}
	const known = (name: string): void => {
		if (!agents.has(name)) throw new MseError('not_found', 'no such agent')
	}
	const resolve = (id: number | bigint, status: HiveApproval['status'], note?: string): void => {
		const at = approvals.findIndex((row) => BigInt(row.id) === BigInt(id))
		const row = approvals[at]
		if (!row) throw new MseError('not_found', `no such approval ${id}`)
		if (row.status !== 'pending') throw new MseError('conflict', `approval ${id} is already ${row.status}`)
		approvals[at] = { ...row, status, resolved_at: Math.floor(clock.now() / 1000), ...(note !== undefined && { note }) }
	}
	const host: HiveHost = {
		async spawn(name) {
			calls.push(`spawn ${name}`)
			if (agents.has(name)) throw new MseError('conflict', `agent "${name}" already exists`)
			agents.add(name)
		},
		async requestSpawn(name, requester) {
			calls.push(`request_spawn ${name} by ${requester}`)
			request(name, 'spawn', '')
		},
		async kill(name) {
			calls.push(`kill ${name}`)
			known(name)
		},
		async destroy(name, { purge }) {
			calls.push(`destroy ${name}${purge ? ' and its state' : ''}`)
			known(name)
			agents.delete(name)
		},
		async rebuild(name) {
			calls.push(`rebuild ${name}`)
			known(name)
		},
		list: async () => [...agents].sort(),
		pending: async () => approvals.filter(({ status }) => status === 'pending'),
		async approve(id) {
			calls.push(`approve ${id}`)
			resolve(id, 'approved')
		},
		async deny(id, note) {
			calls.push(`deny ${id}${note === undefined ? '' : `: ${note}`}`)
			resolve(id, 'denied', note)
		},
	}
	const manager = {
		requestSpawn: host.requestSpawn,
		kill: host.kill,
		async requestApplyCommit(agent: string, ref: string, requester: string) {
			calls.push(`request_apply_commit ${agent} ${ref} by ${requester}`)
			request(agent, 'apply_commit', ref)
		},
	}
	return { host, manager, agents, approvals, calls, resolved: (row: HiveApproval) => approvalResolved(row) }
}

/** The same agents, for verbs that no other reader of the wire knows. */
function scriptedAgents({ agents, calls, host }: ReturnType<typeof scriptedHost>, clock: Clock) {
	const logged =
		(verb: string) =>
		async (name: string): Promise<void> => {
			calls.push(`${verb} ${name}`)
			if (!agents.has(name)) throw new MseError('not_found', 'no such agent', { code: 'no_such_agent' })
		}
	const record = (name: string): AgentRecord => ({
		...{
			name,
			role: 'agent',
			state: 'running',
			goal: 'running',
			cage: 'fake',
			spec: { argv: ['serve'], env: {}, mounts: [], limits: {}, ready: 'started', restart: 'never' },
			handle: null,
		},
		...{ uid: null, exitCode: null, failure: null, startedAt: clock.now(), restarts: 0, paused: false, parent: null, purge: false },
		...{ createdAt: clock.now(), updatedAt: clock.now() },
	})
	return {
		...{ start: logged('start'), restart: logged('restart') },
		ensureManager: async () => void calls.push('start manager'),
		setPaused: (name: string, paused: boolean) => logged(paused ? 'pause' : 'resume')(name),
		records: async () => (await host.list()).map(record),
		kept: async () => [],
		isManaged: async (name: string) => agents.has(name),
		inspect: async (name: string) => ({ record: record(name), live: null }),
		async logs(name: string, tail: number) {
			await logged('logs')(name)
			return Array.from({ length: Math.min(tail, 3) }, (_, n) => `line ${n}\n`).join('')
		},
	}
}
