import { join } from 'node:path'
import type { ChildSlots } from '../../backend/process/child-slots.ts'
import type { ApprovalGate } from '../../core/approval/gate.ts'
import type { Finding } from '../../core/doctor/probe.ts'
import { works } from '../../core/doctor/probe.ts'
import { newAgentFace } from '../../core/hive/agent-face.ts'
import type { HiveAgents } from '../../core/hive/agents.ts'
import { type Broker, newBroker } from '../../core/hive/broker.ts'
import type { AgentConfigs } from '../../core/hive/config/agent-configs.ts'
import type { AgentDirectory, HiveAgentFace, HiveHost } from '../../core/hive/hive.ts'
import { hivePaths } from '../../core/hive/hive-path.ts'
import { type HiveLives, withoutAgents } from '../../core/hive/no-agents.ts'
import type { OperatedHive } from '../../core/hive/operated-hive.ts'
import { proveSocket } from '../../edge/socket/probe.ts'
import type { DataDir } from '../../store/data-dir.ts'
import { type HandOverRing, openHandOverRing } from '../../store/hand-over-ring.ts'
import { SqliteMessageStore } from '../../store/sqlite/hive/message-store.ts'
import type { EngineOptions } from '../option.ts'
import type { Stores } from '../stores.ts'
import { hiveActions } from './actions.ts'
import { claimHive, type HiveClaim } from './claim.ts'
import { type HiveCrew, openCrew } from './crew.ts'
import type { HiveFaces } from './faces.ts'
import { hiveFolders } from './folder.ts'
import { livesOf } from './lives.ts'
import { operatedHive } from './operated.ts'
import { type HivePlace, newPlace, type OpenHive } from './place.ts'
import { type HiveQueue, openHiveQueue } from './queue.ts'

interface HiveDeps extends Pick<EngineOptions, 'config' | 'clock' | 'log' | 'environment' | 'opensHive'> {
	readonly data: DataDir
	readonly events: Stores['events']
	readonly childSlots: ChildSlots
	/** Where spawns and commits wait. It recovers after the hive did. */
	readonly gate: ApprovalGate
	/** What agents do for runs, which are put together after the hive. Left out, they only write to one another. */
	readonly faces?: () => HiveFaces
}

/** The hive of one server: its inboxes, and where it has any its sockets and agents. */
export interface Hive {
	readonly broker: Broker
	readonly face: HiveAgentFace
	readonly messages: SqliteMessageStore
	/** What the operator may do; without agents every verb says that there are none. */
	readonly host: HiveHost
	readonly queue: HiveQueue
	/** All that the operator may do; throws where this server runs no agents. */
	operated(): OperatedHive
	/** The run directory and what goes on there; this and the next two are null where this server runs no agents. */
	readonly open: OpenHive | null
	readonly agents: HiveAgents | null
	readonly configs: AgentConfigs | null
	readonly stateDir: string
	readonly runDir: string
	/**
	 * Opens the manager's socket, and takes back the agents of an earlier life with theirs. Before the gate recovers: what was granted in
	 * that life is settled by what has become of them.
	 */
	recover(): Promise<void>
	/** Opens the operator's socket: whoever reaches that can rely on the rest. */
	listen(): Promise<void>
	/** What `doctor` says of its sockets. */
	prove(): Promise<Finding>
	/** Closes the sockets; requests under way are answered first. May be called twice. */
	stop(): Promise<void>
}

/** Nothing is open yet. With `hive.enabled = true` a hive that cannot be had is an error. */
export async function openHive(deps: HiveDeps): Promise<Hive> {
	const { data, gate, config, environment } = deps
	const folders = hiveFolders({ config: config.hive, environment, uid: process.getuid?.() ?? -1 })
	const place = newPlace({ ...deps, dir: data.dir })
	const { crew } = place
	const queue = openHiveQueue({ gate, maxPending: config.approvals.maxPending, crew })
	const actions = hiveActions({ db: data.db, crew })
	gate.register('spawn', actions.spawn)
	gate.register('apply_commit', actions.applyCommit)

	const without = withoutAgents()
	const lives = (): HiveLives => (place.open ? livesOf(place.open.crew, queue) : without)
	const { ring, messages } = await openInboxes(data, place)
	const { broker, face } = newVoices(deps, messages, lives)
	const operated = (): OperatedHive => operatedHive({ config, crew, lives, broker, messages })
	await place.attempt(async () => {
		const claim = await claimHive({ ...deps, face, messages, heard: (name) => place.open?.crew.agents.heard(name) }, folders)
		const newCrew = (): HiveCrew => openCrew({ ...deps, ...folders, sockets: claim.sockets, messages })
		place.take({ claim, crew: await orRelease(claim, newCrew) })
	})
	return {
		...{ broker, face, messages, queue, operated, ...folders, stop: () => place.leave().then(() => ring?.[Symbol.dispose]()) },
		get host() {
			return lives().host
		},
		get open() {
			return place.open
		},
		get agents() {
			return place.open?.crew.agents ?? null
		},
		get configs() {
			return place.open?.crew.configs ?? null
		},
		recover: () =>
			place.attempt(async (open) => {
				await open?.claim.sockets.openManager()
				await open?.crew.recover()
			}),
		listen: () =>
			place.attempt(async (open) => {
				await open?.crew.startManager()
				await open?.claim.sockets.openHost(operated())
			}),
		async prove() {
			const { absent } = place
			return absent ? { status: 'missing', ...absent } : works(await proveSocket(hivePaths(folders.runDir).hostSocket))
		},
	}
}

/** Without a hive nothing is handed over, and what an earlier life had on its way is left for the next that has one. */
async function openInboxes({ dir, db }: DataDir, place: HivePlace) {
	const opened: { ring?: HandOverRing } = {}
	await place.attempt(async () => {
		if (dir !== null) opened.ring = openHandOverRing(join(dir, 'hive-hand-over'))
	})
	const messages = new SqliteMessageStore(db, opened.ring)
	await messages.recover()
	return { ...opened, messages }
}

async function orRelease<T>(claim: HiveClaim, make: () => T): Promise<T> {
	try {
		return make()
	} catch (error) {
		await claim.release()
		throw error
	}
}

function newVoices({ config: { hive }, events, clock, log, faces }: HiveDeps, messages: SqliteMessageStore, lives: () => HiveLives) {
	const agents: AgentDirectory = {
		isManaged: (name) => lives().agents.isManaged(name),
		recipientsOf: async (name) => (await lives().agents.recipientsOf?.(name)) ?? null,
	}
	const broker = newBroker({ messages, events, agents, clock, log, maxBodyBytes: hive.maxBodyBytes })
	const face = newAgentFace({
		...{ broker, operatorMsg: hive.operatorMsg, recvWaitSeconds: hive.recvDefaultWaitS },
		complete: (body) => faces?.().complete(body) ?? body,
		others: { take: async (from, to, body) => (await faces?.().others?.take(from, to, body)) ?? false },
		manager: {
			requestSpawn: (name, requester) => lives().manager.requestSpawn(name, requester),
			kill: (name) => lives().manager.kill(name),
			requestApplyCommit: (agent, ref, requester) => lives().manager.requestApplyCommit(agent, ref, requester),
		},
	})
	return { broker, face }
}
