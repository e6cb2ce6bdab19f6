import { effectivePolicy } from '../../core/blueprint/effective-policy.ts'
import { effortOf } from '../../core/blueprint/effort.ts'
import type { Backend } from '../../core/dispatch/backend.ts'
import type { AgentDef, Blueprint } from '../../protocol/blueprint.ts'
import { mcpGrants } from './grant.ts'
import { chooseModel } from './model.ts'
import type { LlmOptions } from './option.ts'
import { type AgentBlockSpec, parseAgentBlockSpec } from './spec.ts'
import type { AgentWork } from './work.ts'

/**
 * Agents that a language model performs, called by this process; the kind `agent_block` of mlua-swarm 0.1.0. An agent whose
 * model has no key is refused when it is prepared, so that the launch fails and not the step.
 */
export function llmBackend(options: LlmOptions): Backend {
	return {
		name: 'llm',
		leavesProcess: false,
		prepare(agent, blueprint) {
			const work = toWork(options, agent, blueprint)
			return {
				pure: false,
				async perform(attempt) {
					attempt.signal.throwIfAborted()
					// Loaded with the first attempt: a server without such agents starts quicker and smaller.
					const { performWork } = await import('./perform.ts')
					return performWork(options, work, attempt)
				},
			}
		},
	}
}

function toWork(options: LlmOptions, agent: AgentDef, blueprint: Blueprint): AgentWork {
	const spec = parseAgentBlockSpec(agent.spec)
	const grants = mcpGrants(blueprint, agent, spec)
	const { budget = {} } = effectivePolicy(blueprint, agent)
	const model = modelOf(options, agent, spec)
	const { system_prompt: system = '', effort } = agent.profile ?? {}
	return { agent: agent.name, spec, grants, model, budget, effort: effortOf(effort), system }
}

function modelOf(options: LlmOptions, agent: AgentDef, spec: AgentBlockSpec): AgentWork['model'] {
	return chooseModel(options, { agent: agent.name, llm: spec.llm, model: agent.profile?.model || undefined })
}
