import { asText } from '../../../kernel/json.ts'
import type { AgentDef, Blueprint, VerdictContract } from '../../../protocol/blueprint.ts'
import type { Diagnostic } from '../diagnostic.ts'
import { listed } from '../diagnostic-text.ts'
import { agentsOf, didYouMean, errorOf, warningOf } from '../finding.ts'
import { stepsOf } from '../flow-walk.ts'
import { lintSetting } from '../lint-setting.ts'
import { type Comparison, comparisonsOf } from './condition.ts'

/** Words that mean: nothing was to be done. */
const SKIP_LIKE = new Set(['skip', 'not_applicable', 'n/a'])

/** Conditions against the contracts they read, then contracts against the conditions that should read them. */
export function lintVerdicts(blueprint: Blueprint): Diagnostic[] {
	const comparisons = comparisonsOf(blueprint)
	const agents = new Map(blueprint.agents.map((agent) => [agent.name, agent]))
	const misread = comparisons.flatMap((comparison) => {
		const contract = agents.get(comparison.ref)?.verdict
		return contract ? lintComparison(comparison, contract) : []
	})
	return [...misread, ...lintHandling(blueprint, comparisons)]
}

function lintComparison({ ref, channel, values, where, at }: Comparison, contract: VerdictContract): Diagnostic[] {
	const element = { type: 'Agent', name: ref } as const
	if (channel !== contract.channel) {
		const guide = 'see the "Returning verdicts to drive BP flow" guide\'s Pattern A (channel: "body") / Pattern B (channel: "part")'
		const message = `agent '${ref}' declares verdict channel '${contract.channel}' but ${where} addresses it as '${channel}' output — ${guide}`
		return [errorOf({ code: 'verdict-channel-mismatch', path: at, message, element })]
	}
	return values.map(asText).flatMap((value) => {
		if (contract.values.includes(value)) return []
		const message = `agent '${ref}' verdict Lit '${value}' at ${where} is not a member of the declared values ${listed(contract.values)}`
		return [errorOf({ code: 'verdict-value-not-in-contract', path: at, message, hint: didYouMean(value, contract.values), element })]
	})
}

function lintHandling(blueprint: Blueprint, comparisons: readonly Comparison[]): Diagnostic[] {
	const called = new Set(stepsOf(blueprint.flow).map(({ node }) => node.ref))
	const concerned = agentsOf(blueprint).filter(({ agent }) => agent.verdict && called.has(agent.name))
	concerned.sort((a, b) => (a.agent.name < b.agent.name ? -1 : 1))
	return concerned.flatMap(({ agent, at, element }) => {
		const read = comparisons.filter(({ ref, channel }) => ref === agent.name && channel === agent.verdict?.channel)
		const handled = new Set(read.flatMap(({ values }) => values.map(asText)))
		const unhandled = (agent.verdict?.values ?? []).map((value, index) => ({ value, path: `${at}.verdict.values[${index}]` }))
		const left = unhandled.filter(({ value }) => !handled.has(value))
		const level = unhandledLevel(blueprint, agent)
		if (level === 'warn' && read.length === 0) {
			const message = `agent '${agent.name}' declares a verdict, but no Branch or Loop reads it`
			return [warningOf({ code: 'verdict-contract-never-read', path: `${at}.verdict`, message, element })]
		}
		return [
			...left.flatMap(({ value, path }) => (level === 'allow' ? [] : [unhandledValue(agent, level, value, path)])),
			...left.filter(({ value }) => SKIP_LIKE.has(value.toLowerCase())).map(({ value, path }) => skipUnhandled(agent, value, path)),
		]
	})
}

function unhandledLevel(blueprint: Blueprint, agent: AgentDef): 'allow' | 'warn' | 'error' {
	if (blueprint.metadata.strict_verdict_handling === true) return 'error'
	const setting = lintSetting(blueprint, agent, 'verdict-value-unhandled')
	return setting === 'deny' ? 'error' : (setting ?? 'warn')
}

function unhandledValue(agent: AgentDef, level: 'warn' | 'error', value: string, path: string): Diagnostic {
	const subject = `agent '${agent.name}' declares verdict value '${value}' but no downstream Branch/Loop cond references it`
	const declared = `(declared: ${listed(agent.verdict?.values ?? [])}, at step '${agent.name}')`
	const message = `${subject} ${declared} — either handle the value downstream or drop it from \`verdict.values\``
	const finding = { code: 'verdict-value-unhandled', path, message, element: { type: 'Agent', name: agent.name } } as const
	return level === 'error' ? errorOf(finding) : warningOf(finding)
}

function skipUnhandled({ name }: AgentDef, value: string, path: string): Diagnostic {
	const message = `agent '${name}' may answer '${value}', but no condition skips what follows`
	const element = { type: 'Agent', name } as const
	return warningOf({ code: 'skip-on-missing-for-skip-like-verdict-value', path, message, element })
}
