import { effectivePolicy } from '../../../core/blueprint/effective-policy.ts'
import { explainAgent } from '../../../core/blueprint/explain.ts'
import { stepsOf } from '../../../core/blueprint/flow-walk.ts'
import { operatorRefOf } from '../../../core/blueprint/operator-kind.ts'
import { isJsonObject, type Json } from '../../../kernel/json.ts'
import type { AgentDef, Blueprint } from '../../../protocol/blueprint.ts'
import type { AgentExplanation } from '../../../protocol/blueprint-explain.ts'
import { exprText } from '../../../protocol/flow-text.ts'
import type { Command, Invocation } from '../command.ts'
import { EXIT, usageError } from '../exit-code.ts'
import { isOn } from '../flag.ts'
import { painter, printJson, table } from '../print.ts'
import { readable } from './graph.ts'
import { type BlueprintTools, readSubject, SUBJECT_HELP, subjectFlags } from './subject.ts'

/** `bp explain`: what each agent runs with, and from where it has that. */
export const explainVerb = (tools: BlueprintTools): Command => ({
	name: 'bp explain',
	summary: 'Say what each agent of a Blueprint runs with, and why',
	usage: 'BLUEPRINT [AGENT] [--json]',
	positionals: 2,
	flags: [{ name: 'json', placeholder: null, doc: 'print JSON, as GET /v1/blueprints/:id/agents/:agent/explain does' }, ...subjectFlags],
	details: `Its worker or child, its context and the tier that wins each key, its prompt, policy and steps.

${SUBJECT_HELP}`,
	async run(invocation) {
		const [name, agentName] = invocation.positionals
		const blueprint = readable(await readSubject(tools, invocation, name), invocation)
		if (blueprint === null) return EXIT.refused
		const agents = blueprint.agents.filter((agent) => agentName === undefined || agent.name === agentName)
		if (agents.length === 0 && agentName !== undefined) throw unknownAgent(blueprint, agentName)
		if (isOn(invocation.flags, 'json'))
			printJson(
				invocation,
				agents.map((agent) => explainAgent(blueprint, agent)),
			)
		else invocation.out(`${agents.map((agent) => agentText(blueprint, agent, invocation)).join('\n\n')}\n`)
		return EXIT.done
	},
})

function unknownAgent({ id, agents }: Blueprint, name: string): Error {
	return usageError(`Blueprint ${id} has no agent ${name}.`, `It has ${agents.map((agent) => agent.name).join(', ') || 'none'}.`)
}

function agentText(blueprint: Blueprint, agent: AgentDef, invocation: Invocation): string {
	const explained = explainAgent(blueprint, agent)
	const rows: readonly (readonly [string, string])[] = [
		['runs', workText(agent, explained)],
		['tools', explained.declared_tools.tools.join(', ')],
		['model', agent.profile?.model ?? ''],
		['prompt', promptText(explained)],
		['context', contextText(explained)],
		['', /hides/.test(explained.effective_ctx.note) ? explained.effective_ctx.note : ''],
		['verdict', agent.verdict ? `${agent.verdict.channel}: ${agent.verdict.values.join(', ')}` : ''],
		['policy', policyText(blueprint, agent)],
		['steps', stepText(blueprint, agent)],
		['output', `found as ${explained.output.projection_name}`],
		['warning', [explained.runner.error, explained.runner.warning, ...explained.output.naming_warnings].filter(Boolean).join('; ')],
	]
	const shown = rows.filter(([, text]) => text !== '').map(([label, text]) => [`  ${label}`, text])
	return `${painter(invocation)('bold', agent.name)}\n${table(shown)}`
}

const SOURCES: { readonly [source in AgentExplanation['runner']['source']]: string } = {
	agent_inline: 'its own runner',
	agent_ref: 'the runner it names',
	legacy_worker_binding: 'profile.worker_binding',
	blueprint_default: 'default_runner',
	none: '',
}

function workText(agent: AgentDef, { runner: { resolved, source } }: AgentExplanation): string {
	const spec = isJsonObject(agent.spec) ? agent.spec : {}
	if (resolved?.backend === 'subprocess') return `a child process from the template ${resolved.template} (${SOURCES[source]})`
	if (agent.kind === 'subprocess')
		return `a child process: ${[spec.program, ...(Array.isArray(spec.args) ? spec.args : [])].map(shown).join(' ')}`
	if (agent.kind === 'rust_fn') return `the function ${shown(spec.fn_id)} of the server`
	if (agent.kind === 'lua') return spec.source === undefined ? `the script ${shown(spec.fn_id)} of the server` : 'a Lua script of its own'
	if (agent.kind === 'agent_block') return 'a language model'
	const worker = resolved && 'variant' in resolved ? `, as ${resolved.variant} (${SOURCES[source]})` : ''
	return `whoever holds the seat ${operatorRefOf(agent) ?? '?'}${worker}`
}

const shown = (value: Json | undefined): string => (typeof value === 'string' ? value : JSON.stringify(value ?? null))

function promptText({ system_prompt: prompt }: AgentExplanation): string {
	if (prompt === null) return 'none'
	const wanted = prompt.template_variables.length > 0 ? `, fills in ${prompt.template_variables.join(', ')}` : ''
	const broken = prompt.template_syntax_error === null ? '' : `, cannot be filled in: ${prompt.template_syntax_error}`
	return `${prompt.bytes} bytes, ${prompt.lines} ${prompt.lines === 1 ? 'line' : 'lines'}${wanted}${broken}`
}

const TIERS = { agent_inline: 'agent', meta_ref: 'meta', bp_global: 'Blueprint' }

function contextText({ effective_ctx: { keys } }: AgentExplanation): string {
	return Object.entries(keys)
		.map(([key, { value, winning_tier }]) => `${key} = ${JSON.stringify(value)} (${TIERS[winning_tier]})`)
		.join(', ')
}

function policyText(blueprint: Blueprint, agent: AgentDef): string {
	const policy = effectivePolicy(blueprint, agent)
	return Object.entries(policy)
		.map(([key, value]) => `${key} ${typeof value === 'object' ? JSON.stringify(value) : value}`)
		.join(', ')
}

function stepText({ flow }: Blueprint, { name }: AgentDef): string {
	const steps = stepsOf(flow).filter(({ node }) => node.ref === name)
	return steps.map(({ node }) => `${exprText(node.in)} → ${exprText(node.out)}`).join('; ') || 'none'
}
