import { MANAGER } from '../../core/hive/agent-name.ts'
import { OPERATOR } from '../../core/hive/hive.ts'
import type { HiveLives } from '../../core/hive/no-agents.ts'
import type { HiveCrew } from './crew.ts'
import type { HiveQueue } from './queue.ts'

/** What stands behind the sockets of a hive with agents. */
export function livesOf({ agents }: HiveCrew, queue: HiveQueue): HiveLives {
	const by = OPERATOR
	const requestSpawn = async (name: string, requester: string): Promise<void> => void (await queue.requestSpawn(name, requester))
	return {
		host: {
			...{ requestSpawn, pending: queue.pending, approve: queue.approve, deny: queue.deny },
			spawn: (name) => agents.spawn(name, { by }),
			kill: (name) => agents.kill(name, { by }),
			destroy: (name, { purge }) => agents.destroy(name, { by, purge }),
			rebuild: (name) => agents.rebuild(name, { by }),
			list: () => agents.list(),
		},
		manager: {
			requestSpawn,
			kill: (name) => agents.kill(name, { by: MANAGER }),
			requestApplyCommit: async (agent, ref, requester) => void (await queue.requestApplyCommit(agent, ref, requester)),
		},
		agents,
		heard: (name) => agents.heard(name),
	}
}
