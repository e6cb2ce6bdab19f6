import { type Static, Type } from '@sinclair/typebox'
import type { Config } from '../../config.ts'
import type { AgentSettings } from '../../core/hive/agent-deps.ts'
import type { AgentSpec } from '../../core/hive/agent-spec.ts'
import { parseConfigTable } from '../../kernel/config-table.ts'
import { AgentConfigFileSchema } from '../../protocol/hive-config.ts'

/** What `[hive.defaults]` may say of agents without a config of their own; the keys mean what they mean there. */
const DefaultsSchema = Type.Pick(
	AgentConfigFileSchema,
	['argv', 'env', 'backend', 'cwd', 'image', 'mounts', 'limits', 'ready', 'restart'],
	{
		additionalProperties: false,
	},
)

const ManagerSchema = Type.Object(
	{
		autostart: Type.Optional(Type.Boolean({ description: 'true or false' })),
		argv: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { description: 'a list of texts, the program first' })),
	},
	{ additionalProperties: false },
)

/** How long an agent with `ready = "recv"` may take to its first call. */
const READY_WITHIN_MS = 30_000
const WATCH_SECS = 10

/** What the config says of the agents of a hive. Throws `config_invalid` for a table that is wrong. */
export function hiveSettings({ hive }: Config): {
	readonly defaults: AgentSpec
	readonly manager: Static<typeof ManagerSchema>
	readonly agents: AgentSettings
} {
	const { startGraceMs, stopGraceS, agentUidBase } = hive
	return {
		defaults: parseConfigTable(['hive', 'defaults'], DefaultsSchema, hive.defaults),
		manager: parseConfigTable(['hive', 'manager'], ManagerSchema, hive.manager),
		agents: {
			...{ startGraceMs, stopGraceMs: stopGraceS * 1000, readyWithinMs: READY_WITHIN_MS },
			...{ watchSecs: WATCH_SECS, uidBase: agentUidBase },
		},
	}
}
