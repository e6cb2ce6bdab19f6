import type { AgentDef, AgentKind, Blueprint, Policy } from '../../../protocol/blueprint.ts'
import type { Diagnostic } from '../diagnostic.ts'
import { agentsOf, warningOf } from '../finding.ts'

/** Kinds whose workers have no way to report tokens or cost. */
const SILENT_KINDS: ReadonlySet<AgentKind> = new Set(['rust_fn', 'lua'])

/** Budgets of tokens or cost that nothing can ever count against. */
export function lintBudgets(blueprint: Blueprint): Diagnostic[] {
	const { policy, run_policy } = blueprint.metadata
	const allSilent = blueprint.agents.length > 0 && blueprint.agents.every(isSilent)
	const ofAll = allSilent
		? [...lintBudget(policy?.budget, '$.metadata.policy'), ...lintBudget(run_policy?.budget, '$.metadata.run_policy')]
		: []
	const ofAgents = agentsOf(blueprint)
		.filter(({ agent }) => isSilent(agent))
		.flatMap(({ agent, at, element }) => lintBudget(agent.policy?.budget, `${at}.policy`).map((finding) => ({ ...finding, element })))
	return [...ofAll, ...ofAgents]
}

const isSilent = (agent: AgentDef): boolean => SILENT_KINDS.has(agent.kind)

function lintBudget(budget: Policy['budget'], at: string): Diagnostic[] {
	const keys = (['tokens', 'cost_usd'] as const).filter((key) => budget?.[key] !== undefined)
	return keys.map((key) =>
		warningOf({
			code: 'budget-unobservable',
			path: `${at}.budget.${key}`,
			message: `budget.${key} can never be reached: agents of kind rust_fn and lua report none`,
		}),
	)
}
