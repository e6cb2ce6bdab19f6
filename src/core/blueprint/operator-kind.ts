import { isJsonObject } from '../../kernel/json.ts'
import type { AgentDef, Blueprint, OperatorKind } from '../../protocol/blueprint.ts'

/** Which operators a launch asks for; wins over the document. */
export interface OperatorKindOverrides {
	readonly perAgent?: { readonly [agent: string]: OperatorKind } | undefined
	readonly global?: OperatorKind | undefined
}

/** How much an agent's operator decides: launch for this agent, launch, its operator, the Blueprint, `automate`. */
export function operatorKindOf(blueprint: Blueprint, agent: AgentDef, overrides: OperatorKindOverrides = {}): OperatorKind {
	const { perAgent, global } = overrides
	if (perAgent && Object.hasOwn(perAgent, agent.name)) return perAgent[agent.name] ?? 'automate'
	const ref = operatorRefOf(agent)
	const operator = blueprint.operators.find(({ name }) => name === ref)
	return global ?? operator?.kind ?? blueprint.default_operator_kind ?? 'automate'
}

/** `spec.operator_ref` of an agent of any kind; undefined when it has none. */
export function operatorRefOf(agent: AgentDef): string | undefined {
	const ref = isJsonObject(agent.spec) ? agent.spec.operator_ref : undefined
	return typeof ref === 'string' ? ref : undefined
}

/** Whether a reference names something that needs no entry in `operators`: a runtime worker or a hive agent. */
export const isAlwaysDeclared = (ref: string): boolean => ref.startsWith('worker:') || ref.startsWith('hive:')
