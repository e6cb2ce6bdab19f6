import { type Config, loadConfig } from '../../../config.ts'
import type { Command, Invocation } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { attachVerb } from '../hive/attach.ts'
import { hiveDiffVerb } from '../hive/diff.ts'
import { hiveDoctorVerb } from '../hive/doctor.ts'
import { hiveHarnessCommand } from '../hive/harness.ts'
import { hiveMcpCommand } from '../hive/mcp.ts'
import type { HiveRunDir } from '../hive/place.ts'
import { hiveVerb } from '../hive/verb.ts'
import { verbs } from '../hive/verbs.ts'
import { readTextFile } from '../text-file.ts'

/** Where the hive of a configuration has its sockets. */
export type RunDirOf = (config: Config) => string

/** `hive` around whatever knows where the hive of a configuration is. */
export function hiveCommand(runDirOf: RunDirOf): Command {
	const runDir: HiveRunDir = (invocation) => runDirOf(configOf(invocation))
	return {
		name: 'hive',
		summary: 'Agents that write to one another: make, watch, approve, write to and end them',
		usage: 'VERB',
		positionals: 0,
		flags: [],
		verbs: [
			...verbs.map((spec) => hiveVerb(spec, runDir)),
			attachVerb(runDir),
			hiveDiffVerb,
			hiveDoctorVerb(runDir),
			hiveMcpCommand,
			hiveHarnessCommand,
		],
		details: `Whoever runs these is the operator, by host.sock. With --socket, --as or HIVE_SOCKET it is an agent, or the manager, who
sends, receives, counts its messages and asks for agents. \`mse-server hive VERB --help\` explains one of them.`,
		run: async () => EXIT.usage,
	}
}

function configOf({ flags, env }: Invocation): Config {
	const known = new Map([...flags].filter(([name]) => name === 'config'))
	return loadConfig({ flags: known, env, readFile: readTextFile })
}
