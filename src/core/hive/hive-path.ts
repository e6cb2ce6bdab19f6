import { join } from 'node:path'

/** Where the sockets are, below the run directory. Names are not looked at: only names of agents may come here. */
export function hivePaths(runDir: string) {
	const agents = join(runDir, 'agents')
	const manager = join(runDir, 'manager')
	return {
		hostSocket: join(runDir, 'host.sock'),
		agents,
		agentDir: (name: string): string => join(agents, name),
		agentSocket: (name: string): string => join(agents, name, 'mcp.sock'),
		manager,
		managerSocket: join(manager, 'mcp.sock'),
	}
}
