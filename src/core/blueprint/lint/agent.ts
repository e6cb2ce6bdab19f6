import type { Blueprint } from '../../../protocol/blueprint.ts'
import type { Diagnostic } from '../diagnostic.ts'
import { pascalCase } from '../diagnostic-text.ts'
import { agentsOf, errorOf, warningOf } from '../finding.ts'
import { agentSpecProblems, type Offered } from './agent-spec.ts'

/** Agent by agent: its name is its own, its kind is there, its spec is one. */
export function lintAgentDefs(blueprint: Blueprint, kinds: ReadonlySet<string>, offered: Offered): Diagnostic[] {
	const seen = new Set<string>()
	return agentsOf(blueprint).flatMap(({ agent, at, element }) => {
		const found: Diagnostic[] = []
		if (seen.has(agent.name))
			found.push(errorOf({ code: 'duplicate-agent-name', path: `${at}.name`, message: `duplicate AgentDef name: ${agent.name}`, element }))
		seen.add(agent.name)
		if (!kinds.has(agent.kind)) {
			const finding = { code: 'unknown-agent-kind', path: `${at}.kind`, element } as const
			const message = `unknown agent kind in SpawnerRegistry: ${pascalCase(agent.kind)}`
			found.push(
				blueprint.strategy.strict_kind
					? errorOf({ ...finding, message })
					: warningOf({ ...finding, message: `${message}; agent '${agent.name}' is left out` }),
			)
			return found
		}
		const problems = agentSpecProblems(blueprint, agent, offered).map((problem) =>
			errorOf({ code: 'invalid-agent-spec', path: `${at}.spec`, message: `agent '${agent.name}' spec invalid: ${problem}`, element }),
		)
		return [...found, ...problems]
	})
}
