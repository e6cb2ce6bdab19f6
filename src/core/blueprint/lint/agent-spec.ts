import { isJsonObject, type JsonObject } from '../../../kernel/json.ts'
import type { AgentDef, AgentKind, Blueprint } from '../../../protocol/blueprint.ts'
import { operatorRefOf } from '../operator-kind.ts'
import { resolveRunner } from '../runner.ts'
import { STREAM_MODES, subprocessTemplateProblems } from './subprocess-template.ts'

/** What the host offers to agents; an absent set means that nothing is known, and nothing is checked. */
export interface Offered {
	/** Ids of functions for `rust_fn` agents. */
	readonly functions?: ReadonlySet<string> | undefined
	/** Ids of scripts for `lua` agents. */
	readonly scripts?: ReadonlySet<string> | undefined
}

/** Why an agent cannot be prepared, in the words of mlua-swarm 0.26.0; empty when it can. Backends use the same check. */
export function agentSpecProblems(blueprint: Blueprint, agent: AgentDef, offered: Offered = {}): string[] {
	return PROBLEMS[agent.kind](blueprint, agent, offered)
}

const PROBLEMS: { readonly [K in AgentKind]: (blueprint: Blueprint, agent: AgentDef, offered: Offered) => string[] } = {
	rust_fn: (_, agent, { functions }) => functionProblems('rust_fn', specOf(agent), functions),
	lua: (_, agent, { scripts }) => (typeof specOf(agent).source === 'string' ? [] : functionProblems('lua', specOf(agent), scripts)),
	operator: (_, agent) => (operatorRefOf(agent) === undefined ? ["operator spec: 'operator_ref' (string) required"] : []),
	agent_block: (_, agent) => agentBlockProblems(agent),
	subprocess: (blueprint, agent) => {
		const { runner } = resolveRunner(blueprint, agent)
		return runner?.backend === 'subprocess' ? subprocessTemplateProblems(blueprint, runner) : shellProblems(specOf(agent))
	},
}

function functionProblems(kind: string, spec: JsonObject, registered: ReadonlySet<string> | undefined): string[] {
	const id = spec.fn_id
	if (typeof id !== 'string') return [`${kind} spec: 'fn_id' (string) required`]
	return registered && !registered.has(id) ? [`fn_id '${id}' not registered in factory`] : []
}

function shellProblems(spec: JsonObject): string[] {
	const problems: string[] = []
	if (typeof spec.program !== 'string') problems.push("shell spec: 'program' (string) required")
	const mode = spec.stream_mode
	if (typeof mode === 'string' && !STREAM_MODES.has(mode)) problems.push(`unknown stream_mode: ${mode}`)
	return problems
}

function agentBlockProblems(agent: AgentDef): string[] {
	const script = specOf(agent).script_path
	const tool = agent.profile?.tools.find((name) => name.startsWith('mcp__'))
	if (typeof script !== 'string' || tool === undefined) return []
	return [`agent_block spec: 'script_path' and the tool '${tool}' exclude each other; a script brings its own MCP servers`]
}

const specOf = (agent: AgentDef): JsonObject => (isJsonObject(agent.spec) ? agent.spec : {})
