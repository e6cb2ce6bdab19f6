import type { Config } from '../../config.ts'
import type { Broker } from '../../core/hive/broker.ts'
import { newHiveControl } from '../../core/hive/control.ts'
import type { InboxReader, MessageStore } from '../../core/hive/message-store.ts'
import type { HiveLives } from '../../core/hive/no-agents.ts'
import type { OperatedHive } from '../../core/hive/operated-hive.ts'
import type { HiveCrew } from './crew.ts'

interface OperatedDeps {
	/** Throws where this server runs no agents. */
	crew(): HiveCrew
	lives(): HiveLives
	readonly broker: Broker
	readonly messages: InboxReader & Pick<MessageStore, 'deliver'>
	readonly config: Pick<Config, 'hive'>
}

/** The hive as the operator has it, by HTTP and by socket. Throws where this server runs no agents. */
export function operatedHive({ crew, lives, broker, messages: inboxes, config }: OperatedDeps): OperatedHive {
	const { agents, configs } = crew()
	const control = newHiveControl({ agents, broker, inboxes, recvWaitSeconds: config.hive.recvDefaultWaitS })
	return { host: lives().host, control, diff: configs.diff }
}
