import type { Finding } from '../core/doctor/probe.ts'
import { works } from '../core/doctor/probe.ts'
import { newAgentFace } from '../core/hive/agent-face.ts'
import { type Broker, newBroker } from '../core/hive/broker.ts'
import type { HiveAgentFace } from '../core/hive/hive.ts'
import { hivePaths } from '../core/hive/hive-path.ts'
import type { HiveLives } from '../core/hive/no-agents.ts'
import { startMessageVacuum } from '../core/hive/vacuum.ts'
import { clearPath, refuseLongPath } from '../edge/socket/bind.ts'
import { type HiveSockets, newHiveSockets } from '../edge/socket/hive-sockets.ts'
import { proveSocket } from '../edge/socket/probe.ts'
import { makePassableDir } from '../edge/socket/run-dir.ts'
import { MseError, messageOf } from '../kernel/error.ts'
import type { DataDir } from '../store/data-dir.ts'
import { lockRunDir } from '../store/sqlite/instance-lock.ts'
import { SqliteMessageStore } from '../store/sqlite/message-store.ts'
import { groupId, hiveFolders } from './hive-folder.ts'
import type { EngineOptions } from './option.ts'
import type { Stores } from './stores.ts'

interface HiveDeps extends Pick<EngineOptions, 'config' | 'clock' | 'log' | 'environment' | 'opensHive'> {
	readonly data: DataDir
	readonly events: Stores['events']
	/** Asked only once a socket is used, so that it may be made with the sockets of this hive. */
	lives(): HiveLives
}

/** The hive of one server: its inboxes, and its sockets where it has any. */
export interface Hive {
	readonly broker: Broker
	readonly face: HiveAgentFace
	readonly messages: SqliteMessageStore
	/** Null without sockets. */
	readonly sockets: HiveSockets | null
	readonly stateDir: string
	readonly runDir: string
	/** Opens the manager's socket, then what `agents` opens, and last the operator's: whoever reaches that can rely on the rest. */
	listen(agents?: () => Promise<void>): Promise<void>
	/** What `doctor` says of it. */
	prove(): Promise<Finding>
	/** Closes the sockets; requests under way are answered first. May be called twice. */
	stop(): Promise<void>
}

/** A hive that is wanted and cannot be had is an error with `hive.enabled = true`; with `auto` the server goes on without it. */
export async function openHive(deps: HiveDeps): Promise<Hive> {
	const { data, clock, log } = deps
	const { hive: config } = deps.config
	const messages = new SqliteMessageStore(data.db)
	const agents = { isManaged: (name: string) => deps.lives().agents.isManaged(name) }
	const broker = newBroker({ messages, events: deps.events, agents, clock, log, maxBodyBytes: config.maxBodyBytes })
	const face = newAgentFace({
		...{ broker, operatorMsg: config.operatorMsg, recvWaitSeconds: config.recvDefaultWaitS },
		manager: {
			requestSpawn: (name, requester) => deps.lives().manager.requestSpawn(name, requester),
			kill: (name) => deps.lives().manager.kill(name),
			requestApplyCommit: (agent, ref, requester) => deps.lives().manager.requestApplyCommit(agent, ref, requester),
		},
	})
	const folders = hiveFolders({ config, environment: deps.environment, uid: process.getuid?.() ?? -1 })
	let absent = whyAbsent(deps)
	let claim: Claim | undefined
	const orWithout = async (work: () => Promise<void>): Promise<void> => {
		try {
			if (absent === undefined) await work()
		} catch (thrown) {
			await release()
			if (config.enabled === true || !(thrown instanceof MseError) || thrown.code === 'config_invalid') throw thrown
			absent = { detail: messageOf(thrown), hint: thrown.hint ?? 'Set hive.run_dir, or hive.enabled to false.' }
			log.warn('going on without a hive', { reason: absent.detail })
		}
	}
	const release = async (): Promise<void> => {
		const released = claim
		claim = undefined
		await released?.release()
	}
	await orWithout(async () => {
		claim = await claimFolder(deps, face, folders.runDir)
	})
	return {
		...{ broker, face, messages, ...folders },
		get sockets() {
			return claim?.sockets ?? null
		},
		listen: (openAgents = async () => {}) =>
			orWithout(async () => {
				await claim?.sockets.openManager()
				await openAgents()
				await claim?.sockets.openHost(deps.lives().host)
			}),
		prove: async () => (absent ? { status: 'missing', ...absent } : works(await proveSocket(hivePaths(folders.runDir).hostSocket))),
		stop: release,
	}
}

/** Why this server is not even to try; undefined when it is. */
function whyAbsent({ opensHive, config, data, environment }: HiveDeps): Omit<Finding, 'status'> | undefined {
	const { enabled, runDir } = config.hive
	if (opensHive !== true) return { detail: 'Only a server of its own has the sockets of a hive.', hint: 'Start one: mse-server serve.' }
	if (enabled === false) return { detail: 'It is turned off.', hint: 'Set hive.enabled to auto or true.' }
	const isConfigured = enabled === true || runDir !== null || Boolean(environment.HIVE_RUN_DIR)
	if (data.dir !== null || isConfigured) return undefined
	return { detail: 'A server that keeps nothing has no hive unless it is told to.', hint: 'Set hive.run_dir, or hive.enabled to true.' }
}

/** The run directory, ours alone, with what goes on in it. */
interface Claim {
	readonly sockets: HiveSockets
	release(): Promise<void>
}

async function claimFolder(deps: HiveDeps, face: HiveAgentFace, runDir: string): Promise<Claim> {
	const { config, clock, log, data } = deps
	const { hostSocket, managerSocket } = hivePaths(runDir)
	for (const path of [managerSocket, hostSocket]) refuseLongPath(path)
	makePassableDir(runDir)
	const lock = lockRunDir(runDir, { pid: process.pid, address: data.dir ?? 'in memory' })
	try {
		await clearPath(hostSocket)
		const { adminGroup, maxLineBytes, wireVersion } = config.hive
		const adminGid = adminGroup === null ? undefined : groupId(adminGroup)
		const heard = (name: string): void => deps.lives().heard?.(name)
		const sockets = newHiveSockets({ runDir, face, clock, log, maxLineBytes, wireVersion, adminGid, heard })
		const vacuum = startMessageVacuum({ messages: new SqliteMessageStore(data.db), clock, log })
		return {
			sockets,
			async release() {
				vacuum[Symbol.dispose]()
				await Promise.all([sockets.stop(), vacuum.idle()])
				lock.release()
			},
		}
	} catch (error) {
		lock.release()
		throw error
	}
}
