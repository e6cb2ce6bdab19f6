import { systemClock } from '../../../kernel/clock.ts'
import type { Command, Invocation } from '../command.ts'
import { EXIT, usageError } from '../exit-code.ts'
import { type Flag, lastOf } from '../flag.ts'

export const socketFlag: Flag = { name: 'socket', placeholder: 'PATH', doc: 'the socket of the agent (default HIVE_SOCKET)' }

/** The socket of whoever this process works for. */
export function ownSocket({ flags, env }: Pick<Invocation, 'flags' | 'env'>): string {
	const path = lastOf(flags, 'socket') || env.HIVE_SOCKET
	if (path) return path
	throw usageError('--socket is missing: the socket of the agent.', 'In a cage it is in HIVE_SOCKET.')
}

/** `hive mcp`: the verbs of a socket as tools. */
export const hiveMcpCommand: Command = {
	name: 'hive mcp',
	summary: 'Be an MCP server on stdin and stdout, whose tools are those of an agent of the hive',
	usage: '[--socket PATH] [--role agent|manager]',
	positionals: 0,
	flags: [socketFlag, { name: 'role', placeholder: 'ROLE', doc: 'agent or manager (default HIVE_ROLE, else agent)' }],
	details: `For a coding CLI in a cage, with Claude Code:
  claude mcp add hive -- mse-server hive mcp`,
	async run(invocation) {
		const { flags, env, nextSignal } = invocation
		const role = lastOf(flags, 'role') || env.HIVE_ROLE || 'agent'
		if (role !== 'agent' && role !== 'manager') throw usageError(`--role has to be agent or manager, not "${role}".`)
		// Nothing else needs what it is made of.
		const { serveHiveBridge } = await import('../../mcp/hive-bridge.ts')
		const bridge = await serveHiveBridge({ path: ownSocket(invocation), role, clock: systemClock })
		await Promise.race([bridge.closed, nextSignal()])
		await bridge.close()
		return EXIT.done
	},
}
