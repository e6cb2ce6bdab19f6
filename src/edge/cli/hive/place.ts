import { MANAGER } from '../../../core/hive/agent-name.ts'
import { hivePaths } from '../../../core/hive/hive-path.ts'
import type { Invocation } from '../command.ts'
import { type Flag, lastOf } from '../flag.ts'

/** Where the hive of this user is, by its configuration. */
export type HiveRunDir = (invocation: Invocation) => string

export const jsonFlag: Flag = { name: 'json', placeholder: null, doc: 'print the line of the socket as it came' }

export const hostFlags: readonly Flag[] = [
	jsonFlag,
	{ name: 'run-dir', placeholder: 'DIR', doc: 'folder of the sockets (default hive.run_dir, else HIVE_RUN_DIR)' },
	{ name: 'config', placeholder: 'PATH', doc: 'file to read (default ~/.mse/config.toml)' },
]

export const agentFlags: readonly Flag[] = [
	...hostFlags,
	{ name: 'socket', placeholder: 'PATH', doc: 'as the agent whose socket this is (default HIVE_SOCKET)' },
	{ name: 'as', placeholder: 'NAME', doc: 'as this agent, or as manager, by its socket in the run directory' },
]

export const hostSocket = (runDir: HiveRunDir, invocation: Invocation): string => hivePaths(runDirOf(runDir, invocation)).hostSocket

/** The socket of the agent that speaks; undefined when it is the operator. */
export function agentSocket(runDir: HiveRunDir, invocation: Invocation): string | undefined {
	const { flags, env } = invocation
	const [path, name] = [lastOf(flags, 'socket'), lastOf(flags, 'as')]
	if (path !== undefined) return path
	if (name === undefined) return env.HIVE_SOCKET || undefined
	const paths = hivePaths(runDirOf(runDir, invocation))
	return name === MANAGER ? paths.managerSocket : paths.agentSocket(name)
}

export const runDirOf = (runDir: HiveRunDir, invocation: Invocation): string => lastOf(invocation.flags, 'run-dir') ?? runDir(invocation)
