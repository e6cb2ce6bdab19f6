import { resolveRunner } from '../../core/blueprint/runner.ts'
import { MseError } from '../../kernel/error.ts'
import type { AgentDef, Blueprint } from '../../protocol/blueprint.ts'
import type { AgentBlockSpec, McpServerSpec } from './spec.ts'

/** A server an agent needs, and what of it the agent may call. */
export interface McpGrant {
	readonly server: McpServerSpec
	/** Null: every tool it has. */
	readonly tools: ReadonlySet<string> | null
}

/** What the model calls a tool of an MCP server. */
export const grantName = (server: string, tool: string): string => `mcp__${server}__${tool}`

/**
 * The entries `mcp__<server>__<tool>` of the agent's tools; `mcp__<server>` and `mcp__<server>__*` stand for all of a server.
 * A runner's list replaces that of the profile, even when it is empty. Names without `mcp__` are tools of other clients.
 * Throws `invalid_agent_spec` for a server that the spec does not have.
 */
export function mcpGrants(blueprint: Blueprint, agent: AgentDef, { mcpServers }: AgentBlockSpec): readonly McpGrant[] {
	const wanted = Map.groupBy(toolsOf(blueprint, agent).flatMap(parseGrant), ({ server }) => server)
	return [...wanted].map(([name, grants]) => {
		const server = mcpServers.find((candidate) => candidate.name === name)
		if (!server) throw unknownServer(agent, name, mcpServers)
		const tools = grants.flatMap(({ tool }) => tool ?? [])
		return { server, tools: tools.length < grants.length ? null : new Set(tools) }
	})
}

function toolsOf(blueprint: Blueprint, agent: AgentDef): readonly string[] {
	const { runner, error } = resolveRunner(blueprint, agent)
	if (error !== null) throw new MseError('invalid', error, { code: 'invalid_agent_spec' })
	return runner?.backend === 'agent_block_in_process' ? runner.tools : (agent.profile?.tools ?? [])
}

function parseGrant(name: string): { readonly server: string; readonly tool: string | null }[] {
	const parts = /^mcp__(?<server>.+?)(?:__(?<tool>.+))?$/.exec(name)?.groups
	if (!parts?.server) return []
	return [{ server: parts.server, tool: parts.tool === undefined || parts.tool === '*' ? null : parts.tool }]
}

function unknownServer(agent: AgentDef, name: string, servers: readonly McpServerSpec[]): MseError {
	const known = servers.map((server) => server.name).join(', ') || 'none'
	return new MseError(
		'invalid',
		`agent_block spec: agent '${agent.name}' has tools of the MCP server '${name}', which 'mcp_servers' lacks`,
		{
			code: 'invalid_agent_spec',
			hint: `Servers of this agent: ${known}. Add {name: "${name}", command, args} or {name: "${name}", url}.`,
		},
	)
}
