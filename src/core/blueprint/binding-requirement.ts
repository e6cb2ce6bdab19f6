import { MseError } from '../../kernel/error.ts'
import type { AgentDef, Blueprint } from '../../protocol/blueprint.ts'
import type { BindingRequirement } from '../../protocol/blueprint-explain.ts'
import { bindingDigest } from './binding-digest.ts'
import { lintBoundAgents } from './lint/bound-agent.ts'
import { operatorRefOf } from './operator-kind.ts'
import { resolveRunner } from './runner.ts'

/**
 * What each agent with a runner asks of whoever runs it (mlua-swarm 0.15.0); agents run as child processes ask nothing.
 * Throws `invalid` (code `binding_refused`) where a runner leads nowhere, or is given by a legacy key that is refused.
 */
export function bindingRequirements(blueprint: Blueprint, rejectLegacyBinding: boolean): BindingRequirement[] {
	const diagnostics = lintBoundAgents(blueprint, rejectLegacyBinding)
	const [first] = diagnostics
	if (first) throw new MseError('invalid', first.message, { code: 'binding_refused', details: { diagnostics } })
	return blueprint.agents.flatMap((agent) => requirementOf(blueprint, agent))
}

function requirementOf(blueprint: Blueprint, agent: AgentDef): BindingRequirement[] {
	const { runner } = resolveRunner(blueprint, agent)
	if (runner === null || runner.backend === 'subprocess') return []
	const target = operatorRefOf(agent)
	const model = agent.profile?.model ?? undefined
	return [
		{
			agent: agent.name,
			request_digest: bindingDigest(blueprint, agent),
			backend: runner.backend,
			...(target && { binding_target: target }),
			...(model !== undefined && { requested_model: model }),
			...(runner.tools.length > 0 && { requested_tools: [...runner.tools] }),
			...('variant' in runner && { launch_variant: runner.variant }),
		},
	]
}
