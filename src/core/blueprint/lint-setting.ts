import type { AgentDef, Blueprint, Lints } from '../../protocol/blueprint.ts'
import { categoryOf } from './diagnostic-kind.ts'

export type LintSetting = Lints[string]

/**
 * What the document says about findings of this kind: the agent's `lints` before those of the metadata, and in each the
 * kind itself before `category:<name>` before `all`. Undefined when it says nothing.
 */
export function lintSetting(blueprint: Blueprint, agent: AgentDef | undefined, kind: string): LintSetting | undefined {
	return (agent && settingIn(agent.lints, kind)) ?? settingIn(blueprint.metadata.lints, kind)
}

function settingIn(lints: Lints, kind: string): LintSetting | undefined {
	if (Object.hasOwn(lints, kind)) return lints[kind]
	const category = `category:${categoryOf(kind)}`
	const key = Object.keys(lints).find((name) => name.toLowerCase() === category)
	return key === undefined ? lints.all : lints[key]
}
