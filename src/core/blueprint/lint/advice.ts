import { isJsonObject } from '../../../kernel/json.ts'
import type { AgentDef, Blueprint } from '../../../protocol/blueprint.ts'
import type { Diagnostic } from '../diagnostic.ts'
import { EFFORTS, effortOf } from '../effort.ts'
import { agentsOf, didYouMean, warningOf } from '../finding.ts'
import { effectiveContextPolicy, resolveRunner } from '../runner.ts'

/** A prompt from this size on is hard to follow and dear to send. */
const LARGE_PROMPT_BYTES = 25 * 1024
const LARGE_PROMPT_LINES = 200
const HUGE_PROMPT_BYTES = 50 * 1024
const HUGE_PROMPT_LINES = 500
const OUTPUT_CONTRACTS = ['literal_enum', 'inline_markdown', 'file_sentinel']

/** Things that are legal and probably not meant. Nothing here stops a launch. */
export function lintAgents(blueprint: Blueprint): Diagnostic[] {
	return [
		...lintStrictBinding(blueprint),
		...agentsOf(blueprint).flatMap(({ agent, at, element }) =>
			[
				...promptSize(agent, at),
				...legacyBinding(blueprint, agent, at),
				...strippedRoots(blueprint, agent, at),
				...unknownMcpServers(agent, at),
				...outputContract(agent, at),
				...unknownEffort(agent, at),
			].map((finding) => ({ ...finding, element })),
		),
	]
}

function lintStrictBinding(blueprint: Blueprint): Diagnostic[] {
	const bound = blueprint.agents.some((agent) => resolveRunner(blueprint, agent).source !== 'none')
	if (!blueprint.strategy.strict_binding || bound) return []
	const message = 'strategy.strict_binding is on, but no agent has a runner to bind'
	return [warningOf({ code: 'strict-binding-without-runners', path: '$.strategy.strict_binding', message })]
}

function promptSize(agent: AgentDef, at: string): Diagnostic[] {
	const text = agent.profile?.system_prompt ?? ''
	const bytes = Buffer.byteLength(text)
	const lines = text === '' ? 0 : text.split('\n').length
	if (bytes < LARGE_PROMPT_BYTES && lines < LARGE_PROMPT_LINES) return []
	const tooLarge = bytes >= HUGE_PROMPT_BYTES || lines >= HUGE_PROMPT_LINES
	const past = `, past the ${HUGE_PROMPT_BYTES} bytes and ${HUGE_PROMPT_LINES} lines that nothing should have`
	const message = `agent '${agent.name}' has a system prompt of ${bytes} bytes and ${lines} lines${tooLarge ? past : ''}`
	const hint = `Keep it under ${LARGE_PROMPT_BYTES} bytes and ${LARGE_PROMPT_LINES} lines; let the agent read the rest when it needs it.`
	return [warningOf({ code: 'agent-md-size', path: `${at}.profile.system_prompt`, message, hint })]
}

function legacyBinding(blueprint: Blueprint, agent: AgentDef, at: string): Diagnostic[] {
	const { source } = resolveRunner(blueprint, agent)
	if (source !== 'legacy_worker_binding' || blueprint.strategy.strict_binding) return []
	const message = `agent '${agent.name}' uses deprecated profile.worker_binding`
	const hint = 'Write a `runner` with the same variant and tools instead.'
	return [warningOf({ code: 'legacy-worker-binding', path: `${at}.profile.worker_binding`, message, hint })]
}

function strippedRoots(blueprint: Blueprint, agent: AgentDef, at: string): Diagnostic[] {
	const policy = effectiveContextPolicy(blueprint, agent)
	if (!policy) return []
	const drops = (key: string): boolean => policy.exclude.includes(key) || (policy.include !== null && !policy.include.includes(key))
	if (!drops('work_dir') || !drops('project_root')) return []
	const path = agent.meta?.context_policy ? `${at}.meta.context_policy` : '$.default_context_policy'
	const message = `the context policy of agent '${agent.name}' hides both work_dir and project_root, so its outputs cannot be written as files`
	return [warningOf({ code: 'context-policy-strips-projection-roots', path, message, hint: 'Let one of the two through.' })]
}

/** Only `agent_block` says which MCP servers there are; for other kinds it is the client's business. */
function unknownMcpServers(agent: AgentDef, at: string): Diagnostic[] {
	if (agent.kind !== 'agent_block') return []
	const spec = isJsonObject(agent.spec) ? agent.spec : {}
	const servers = Array.isArray(spec.mcp_servers) ? spec.mcp_servers.filter(isJsonObject).map(({ name }) => name) : []
	return (agent.profile?.tools ?? []).flatMap((tool, index) => {
		const server = /^mcp__(.+?)__/.exec(tool)?.[1]
		if (server === undefined || servers.includes(server)) return []
		const message = `agent '${agent.name}' may use '${tool}', but spec.mcp_servers has no '${server}'`
		return [warningOf({ code: 'tool-unknown-mcp-ref', path: `${at}.profile.tools[${index}]`, message })]
	})
}

/** Agent files say what their agents bring in `expected_output.kind`; nothing else is looked at. */
function outputContract(agent: AgentDef, at: string): Diagnostic[] {
	const extras = isJsonObject(agent.profile?.extras) ? agent.profile.extras : {}
	const expected = extras.expected_output
	if (expected === undefined && typeof agent.profile?.version_hash !== 'string') return []
	const kind = isJsonObject(expected) ? expected.kind : undefined
	if (typeof kind === 'string' && OUTPUT_CONTRACTS.includes(kind)) return []
	const path = `${at}.profile.extras.expected_output`
	const message = `agent '${agent.name}' does not say what it brings: expected_output.kind is none of ${OUTPUT_CONTRACTS.join(', ')}`
	return [warningOf({ code: 'output-contract-missing', path, message })]
}

/** The word of another kind is its client's business. */
function unknownEffort(agent: AgentDef, at: string): Diagnostic[] {
	const effort = agent.profile?.effort?.trim() ?? ''
	if (agent.kind !== 'agent_block' || effort === '' || effortOf(effort) !== undefined) return []
	const message = `agent '${agent.name}' asks for the effort '${effort}', which is none of ${EFFORTS.join(', ')}; it has no effect`
	return [warningOf({ code: 'effort-unknown', path: `${at}.profile.effort`, message, hint: didYouMean(effort, EFFORTS) })]
}
