import type { AgentDef, Blueprint, Policy } from '../../protocol/blueprint.ts'

/** The policy of an agent's steps: each key from the agent, else from the Blueprint's metadata. */
export function effectivePolicy(blueprint: Blueprint, agent: AgentDef): Policy {
	return { ...blueprint.metadata.policy, ...agent.policy }
}
