import { isJsonObject } from '../../../kernel/json.ts'
import type { Blueprint } from '../../../protocol/blueprint.ts'
import type { Diagnostic } from '../diagnostic.ts'
import { listed } from '../diagnostic-text.ts'
import { agentsOf, didYouMean, errorOf, warningOf } from '../finding.ts'
import { stepsOf } from '../flow-walk.ts'
import { isAlwaysDeclared, operatorRefOf } from '../operator-kind.ts'

/** Layers that a spawner hint may name. */
const LAYERS: ReadonlySet<string> = new Set(['main_ai', 'senior_escalation', 'operator_delegate'])

/** Hints that name no layer have no effect; a document may have been made for another host, so they refuse nothing. */
export function lintSpawnerHints(blueprint: Blueprint, layers: ReadonlySet<string> = LAYERS): Diagnostic[] {
	return blueprint.spawner_hints.layers.flatMap((layer, index) => {
		if (layers.has(layer)) return []
		const message = `spawner_hints.layers names '${layer}', which this server does not have; it is skipped`
		const hint = didYouMean(layer, layers)
		return [warningOf({ code: 'unknown-spawner-hint', path: `$.spawner_hints.layers[${index}]`, message, hint })]
	})
}

/** An operator that is not declared may still be found by that name when the step is dispatched, so this is a warning. */
export function lintOperatorRefs(blueprint: Blueprint): Diagnostic[] {
	const names = blueprint.operators.map(({ name }) => name)
	return agentsOf(blueprint).flatMap(({ agent, at, element }) => {
		const ref = operatorRefOf(agent)
		if (agent.kind !== 'operator' || ref === undefined || names.includes(ref) || isAlwaysDeclared(ref)) return []
		const message = `agent '${agent.name}' operator_ref '${ref}' does not match any OperatorDef.name in Blueprint.operators (defined: ${listed(names)})`
		return [warningOf({ code: 'unresolved-operator-ref', path: `${at}.spec.operator_ref`, message, hint: didYouMean(ref, names), element })]
	})
}

/** `meta_ref` of agents, then `$step_meta.ref` where the input of a step is a literal. */
export function lintMetaRefs(blueprint: Blueprint): Diagnostic[] {
	const names = blueprint.metas.map(({ name }) => name)
	const check = (where: string, ref: unknown, path: string, element: Diagnostic['element']): Diagnostic[] => {
		if (typeof ref !== 'string' || names.includes(ref)) return []
		const message = `${where} names an undefined MetaDef: '${ref}' (defined: ${listed(names)})`
		return [errorOf({ code: 'unresolved-meta-ref', path, message, hint: didYouMean(ref, names), ...(element && { element }) })]
	}
	const ofAgents = agentsOf(blueprint).flatMap(({ agent, at, element }) =>
		check(`AgentMeta.meta_ref of agent '${agent.name}'`, agent.meta?.meta_ref, `${at}.meta.meta_ref`, element),
	)
	const ofSteps = stepsOf(blueprint.flow).flatMap(({ node, at }) => {
		const envelope = node.in.op === 'lit' && isJsonObject(node.in.value) ? node.in.value.$step_meta : undefined
		if (!isJsonObject(envelope)) return []
		const path = `${at}.in.value.$step_meta.ref`
		return check(`Step '${node.ref}' $step_meta.ref`, envelope.ref, path, { type: 'Step', name: node.ref })
	})
	return [...ofAgents, ...ofSteps]
}

export function lintAudits(blueprint: Blueprint): Diagnostic[] {
	const names = blueprint.agents.map(({ name }) => name)
	return blueprint.audits.flatMap(({ agent }, index) => {
		if (names.includes(agent)) return []
		const message = `audits[].agent '${agent}' does not match any AgentDef.name in Blueprint.agents (defined: ${listed(names)})`
		return [errorOf({ code: 'unresolved-audit-agent', path: `$.audits[${index}].agent`, message, hint: didYouMean(agent, names) })]
	})
}

/** Steps whose agent is missing, unless the document allows it. `dropped` agents have a kind this server lacks. */
export function lintStepRefs(blueprint: Blueprint, dropped: ReadonlySet<string>): Diagnostic[] {
	if (!blueprint.strategy.strict_refs) return []
	const names = new Set(blueprint.agents.map(({ name }) => name).filter((name) => !dropped.has(name)))
	return stepsOf(blueprint.flow).flatMap(({ node: { ref }, at }) => {
		if (names.has(ref)) return []
		const message = `flow references agent '${ref}' but no AgentDef matches`
		return [
			errorOf({
				code: 'unresolved-agent-ref',
				path: `${at}.ref`,
				message,
				hint: didYouMean(ref, names),
				element: { type: 'Step', name: ref },
			}),
		]
	})
}
