import { MseError } from '../../kernel/error.ts'
import type { ManagerVerbs } from './agent-face.ts'
import type { AgentDirectory, HiveHost } from './hive.ts'

/** What stands behind the sockets: the lives of agents, and their approvals. */
export interface HiveLives {
	readonly host: HiveHost
	readonly manager: ManagerVerbs
	readonly agents: AgentDirectory
	/** Told of every request on the socket of an agent. */
	heard?(name: string): void
}

/** A hive of the manager's and the operator's inboxes alone: every verb that needs agents says so. */
export function withoutAgents(): HiveLives {
	const refuse = (): Promise<never> => Promise.reject(new MseError('unavailable', 'this server runs no agents', { code: 'no_agents' }))
	const verbs = { spawn: refuse, requestSpawn: refuse, kill: refuse, destroy: refuse, rebuild: refuse, approve: refuse, deny: refuse }
	return {
		host: { ...verbs, list: async () => [], pending: async () => [] },
		manager: { requestSpawn: refuse, kill: refuse, requestApplyCommit: refuse },
		agents: { isManaged: () => false },
	}
}
