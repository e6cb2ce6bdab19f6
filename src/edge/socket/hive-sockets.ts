import { MANAGER } from '../../core/hive/agent-name.ts'
import type { HiveBridge } from '../../core/hive/bridge.ts'
import type { AgentSockets, HiveAgentFace } from '../../core/hive/hive.ts'
import { hivePaths } from '../../core/hive/hive-path.ts'
import { newSerial } from '../../core/worker/serial.ts'
import { agentVocabulary, managerVocabulary } from './agent.ts'
import type { ConnectionDeps } from './connection.ts'
import { hostVocabulary, type Operated } from './host.ts'
import { openListener, type SocketListener } from './listener.ts'
import { makePassableDir, makePrivateDir } from './run-dir.ts'
import type { Vocabulary } from './vocabulary.ts'

export interface HiveSocketDeps extends Omit<ConnectionDeps, 'vocabulary'> {
	readonly runDir: string
	readonly face: HiveAgentFace
	/** What clients of ours find on the sockets of agents besides. */
	readonly bridge?: () => HiveBridge | undefined
	/** Who may use the operator's socket besides this user: the members of a group. */
	readonly adminGid?: number | undefined
	/** Puts `version` into the answers of the operator's socket. */
	readonly wireVersion: boolean
	/** Told of every request on the socket of an agent. */
	heard?(name: string): void
}

/** Every socket of one hive. Agents' sockets open and close along with them; the operator's is opened last. */
export interface HiveSockets extends AgentSockets {
	openManager(): Promise<void>
	openHost(operated: Operated): Promise<void>
	/** Closes all of them; may be called twice. */
	stop(): Promise<void>
}

/** Makes the run directory; opens nothing yet. Throws when the directory cannot be ours. */
export function newHiveSockets(deps: HiveSocketDeps): HiveSockets {
	const paths = hivePaths(deps.runDir)
	for (const dir of [deps.runDir, paths.agents]) makePassableDir(dir)
	const open = new Map<string, SocketListener>()
	const inTurn = newSerial()
	const openAt = (path: string, vocabulary: Vocabulary, gid?: number): Promise<void> =>
		inTurn(path, async () => {
			if (!open.has(path)) open.set(path, await openListener(path, gid, { ...deps, vocabulary }))
		})
	const closeAt = (path: string): Promise<void> =>
		inTurn(path, async () => {
			const listener = open.get(path)
			open.delete(path)
			await listener?.stop()
		})
	return {
		async open(name) {
			makePrivateDir(paths.agentDir(name))
			await openAt(paths.agentSocket(name), heardBy(deps, name, agentVocabulary(deps.face, name, deps.bridge?.())))
		},
		close: (name) => closeAt(paths.agentSocket(name)),
		async openManager() {
			makePrivateDir(paths.manager)
			await openAt(paths.managerSocket, heardBy(deps, MANAGER, managerVocabulary(deps.face, MANAGER, deps.bridge?.())))
		},
		openHost: (operated) => openAt(paths.hostSocket, hostVocabulary(operated, deps), deps.adminGid),
		async stop() {
			await Promise.all([...open.keys()].map(closeAt))
		},
	}
}

function heardBy({ heard }: HiveSocketDeps, name: string, vocabulary: Vocabulary): Vocabulary {
	return {
		...vocabulary,
		answer(line, exchange) {
			heard?.(name)
			return vocabulary.answer(line, exchange)
		},
	}
}
