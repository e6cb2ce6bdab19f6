import type { ConfigDiff } from '../../protocol/hive-config.ts'
import type { HiveControl } from './control.ts'
import type { HiveHost } from './hive.ts'

/** All that the operator does with the hive of a server, whichever way. */
export interface OperatedHive {
	readonly host: HiveHost
	readonly control: HiveControl
	/** What a proposed config changes; `id` is that of its approval. */
	diff(agent: string, id: string): Promise<ConfigDiff>
}
