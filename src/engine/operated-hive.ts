import type { Broker } from '../core/hive/broker.ts'
import { newHiveControl } from '../core/hive/control.ts'
import type { HiveHost } from '../core/hive/hive.ts'
import type { InboxReader } from '../core/hive/message-store.ts'
import type { OperatedHive } from '../core/hive/operated-hive.ts'
import type { HiveCrew } from './hive-crew.ts'

interface OperatedDeps {
	/** Throws where this server runs no agents. */
	crew(): HiveCrew
	host(): HiveHost
	readonly broker: Broker
	readonly inboxes: InboxReader
	readonly recvWaitSeconds: number
}

/** The hive as the operator has it, by HTTP and by socket. Throws where this server runs no agents. */
export function operatedHive({ crew, host, broker, inboxes, recvWaitSeconds }: OperatedDeps): OperatedHive {
	const { agents, configs } = crew()
	return { host: host(), control: newHiveControl({ agents, broker, inboxes, recvWaitSeconds }), diff: configs.diff }
}
