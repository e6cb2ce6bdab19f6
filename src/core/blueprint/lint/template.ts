import { isJsonObject } from '../../../kernel/json.ts'
import { promptSlots, templateSyntaxError } from '../../../kernel/template.ts'
import { templateVariables } from '../../../kernel/template-variable.ts'
import type { AgentDef, Blueprint } from '../../../protocol/blueprint.ts'
import type { Expr } from '../../../protocol/flow.ts'
import type { Diagnostic } from '../diagnostic.ts'
import { agentsOf, warningOf } from '../finding.ts'
import { stepsOf } from '../flow-walk.ts'
import { resolveRunner } from '../runner.ts'

/** Larger prompts are documents, and not looked into. */
const LARGEST = 256 * 1024

/** System prompts that cannot be rendered at all, and steps that visibly do not give what the prompt of their agent wants. */
export function lintTemplates(blueprint: Blueprint): Diagnostic[] {
	return agentsOf(blueprint).flatMap(({ agent, at, element }) => {
		const source = agent.profile?.system_prompt ?? ''
		if (!source.includes('{') || source.length > LARGEST || !isRendered(blueprint, agent)) return []
		const broken = templateSyntaxError(source)
		if (broken === null) return missingVariables(blueprint, agent.name, source)
		const message = `the system prompt of agent '${agent.name}' fails every step: ${broken}`
		return [warningOf({ code: 'template-syntax-error', path: `${at}.profile.system_prompt`, message, element })]
	})
}

/** Models in this process get the text as it is written; functions and scripts get none. */
function isRendered(blueprint: Blueprint, agent: AgentDef): boolean {
	return agent.kind === 'operator' || (agent.kind === 'subprocess' && resolveRunner(blueprint, agent).runner?.backend === 'subprocess')
}

function missingVariables(blueprint: Blueprint, agent: string, source: string): Diagnostic[] {
	const wanted = (templateVariables(source) ?? []).filter((name) => !isOptional(source, name))
	if (wanted.length === 0) return []
	return stepsOf(blueprint.flow).flatMap(({ node, at }) => {
		const given = node.ref === agent ? slotsOf(node.in) : null
		const missing = given === null ? [] : wanted.filter((name) => !given.has(name))
		if (missing.length === 0) return []
		const message = `the system prompt of agent '${agent}' wants ${missing.join(', ')}, and the input of this step does not have it`
		const hint =
			'Members of an object are the variables; any other input is `directive`. Ask for one with `is defined` where it may be missing.'
		return [warningOf({ code: 'template-variable-missing', path: `${at}.in`, message, hint, element: { type: 'Step', name: node.ref } })]
	})
}

/** The template itself asks whether it is there, or has something to put in its place. */
function isOptional(source: string, name: string): boolean {
	return new RegExp(`\\b${name}\\s*(is\\s+(not\\s+)?(un)?defined\\b|\\|\\s*(default|d)\\b)`).test(source)
}

/** The variables that an input gives whatever happens; null where that shows only at run time. */
function slotsOf(input: Expr): ReadonlySet<string> | null {
	if (input.op !== 'lit' || (isJsonObject(input.value) && '$step_meta' in input.value)) return null
	return new Set(Object.keys(promptSlots(input.value)))
}
