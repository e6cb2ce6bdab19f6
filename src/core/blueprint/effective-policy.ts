import type { AgentDef, Blueprint, Policy } from '../../protocol/blueprint.ts'

/** The policy of an agent's steps: each key from the agent, else from the Blueprint's metadata, else from the server. */
export function effectivePolicy(blueprint: Blueprint, agent: AgentDef, fallback: Policy = {}): Policy {
	return { ...fallback, ...blueprint.metadata.policy, ...agent.policy }
}
