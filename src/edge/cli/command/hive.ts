import type { Command } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { hiveHarnessCommand } from '../hive/harness.ts'
import { hiveMcpCommand } from '../hive/mcp.ts'

export const hiveCommand: Command = {
	name: 'hive',
	summary: 'Agents that write to one another',
	usage: 'VERB',
	positionals: 0,
	flags: [],
	verbs: [hiveMcpCommand, hiveHarnessCommand],
	run: async () => EXIT.usage,
}
