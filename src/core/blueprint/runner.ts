import type { AgentDef, Blueprint, ContextPolicy, Runner } from '../../protocol/blueprint.ts'
import { listed } from './diagnostic-text.ts'

export type RunnerSource = 'agent_inline' | 'agent_ref' | 'legacy_worker_binding' | 'blueprint_default' | 'none'

/** The runner of an agent and where it comes from; `error` says why a name leads nowhere, in the words of mlua-swarm 0.26.0. */
export interface ResolvedRunner {
	readonly runner: Runner | null
	readonly source: RunnerSource
	readonly error: string | null
}

/** First hit wins: inline, named, the legacy worker binding of the profile, the default of the Blueprint. */
export function resolveRunner(blueprint: Blueprint, agent: AgentDef): ResolvedRunner {
	if (agent.runner) return { runner: agent.runner, source: 'agent_inline', error: null }
	if (agent.runner_ref !== undefined) return named(blueprint, agent.runner_ref, 'agent_ref', `agent '${agent.name}' runner_ref`)
	const binding = agent.profile?.worker_binding
	if (binding !== undefined) {
		const runner: Runner = { backend: 'ws_claude_code', variant: binding, tools: agent.profile?.tools ?? [] }
		return { runner, source: 'legacy_worker_binding', error: null }
	}
	if (blueprint.default_runner === undefined) return { runner: null, source: 'none', error: null }
	return named(blueprint, blueprint.default_runner, 'blueprint_default', 'default_runner')
}

/** Which context the agent is shown: its own policy, else that of the Blueprint, else none. They never merge. */
export function effectiveContextPolicy(blueprint: Blueprint, agent: AgentDef): ContextPolicy | null {
	return agent.meta?.context_policy ?? blueprint.default_context_policy ?? null
}

function named(blueprint: Blueprint, name: string, source: RunnerSource, subject: string): ResolvedRunner {
	const found = blueprint.runners.find((definition) => definition.name === name)
	if (found) return { runner: found.runner, source, error: null }
	const defined = listed(blueprint.runners.map((definition) => definition.name))
	return {
		runner: null,
		source,
		error: `${subject} '${name}' does not match any RunnerDef.name in Blueprint.runners (defined: ${defined})`,
	}
}
