import { templateSyntaxError } from '../../kernel/template.ts'
import { templateVariables } from '../../kernel/template-variable.ts'
import type { AgentDef, Blueprint, Runner } from '../../protocol/blueprint.ts'
import type { AgentExplanation, AgentSummary, WorkerBinding } from '../../protocol/blueprint-explain.ts'
import { winningTiers } from './agent-tier.ts'
import { bindingDigest } from './binding-digest.ts'
import { effectiveContextPolicy, resolveRunner } from './runner.ts'
import { stepNames } from './step-names.ts'

/** How an agent would run by its document alone, and where each part of that comes from (mlua-swarm 0.26.0). */
export function explainAgent(blueprint: Blueprint, agent: AgentDef): AgentExplanation {
	const { runner, source, error } = resolveRunner(blueprint, agent)
	const binding = workerBinding(agent, runner)
	return {
		agent: { name: agent.name, kind: agent.kind },
		worker_binding: binding,
		binding_note: binding === null ? bindingNote(agent, runner) : null,
		runner: {
			resolved: runner,
			error,
			warning:
				source === 'legacy_worker_binding' ? 'profile.worker_binding is deprecated; declare `runner` or `runner_ref` instead.' : null,
			source,
			binding_digest: bindingDigest(blueprint, agent),
		},
		declared_tools: toolsOf(agent, runner),
		system_prompt: explainPrompt(agent),
		effective_ctx: explainCtx(blueprint, agent),
		output: explainOutput(blueprint, agent),
	}
}

/** The same of every agent, in short. */
export function summariseAgents(blueprint: Blueprint): AgentSummary[] {
	return blueprint.agents.map((agent) => {
		const { runner } = resolveRunner(blueprint, agent)
		return {
			name: agent.name,
			kind: agent.kind,
			worker_binding: workerBinding(agent, runner),
			declared_tools_count: toolsOf(agent, runner).tools.length,
			system_prompt_bytes: Buffer.byteLength(agent.profile?.system_prompt ?? ''),
			effective_ctx_key_count: Object.keys(winningTiers(blueprint, agent)).length,
			projection_name: agent.meta?.projection_name ?? agent.name,
		}
	})
}

function workerBinding(agent: AgentDef, runner: Runner | null): WorkerBinding | null {
	if (runner?.backend !== 'ws_operator' && runner?.backend !== 'ws_claude_code') return null
	const model = agent.profile?.model
	return { variant: runner.variant, tools: [...runner.tools], ...(model && { requested_model: model }) }
}

function bindingNote({ kind }: AgentDef, runner: Runner | null): string {
	if (kind !== 'operator') return `Agents of kind ${kind} run inside the server or as its children; no worker type is asked of a client.`
	if (runner !== null) return `Its runner is ${runner.backend}, which names no worker type of a client.`
	return 'No worker type is declared: the operator is told to start `mse-worker`, or a general one. Declare `runner` to say which.'
}

/** A child process is given its tools by its template; a client enforces what its worker type says, whatever stands here. */
function toolsOf(agent: AgentDef, runner: Runner | null): AgentExplanation['declared_tools'] {
	const ofRunner = runner === null ? undefined : runner.backend === 'subprocess' ? runner.overrides.tools : runner.tools
	const isBinding = runner !== null && runner.backend !== 'subprocess'
	const tools = [...(ofRunner && (isBinding || ofRunner.length > 0) ? ofRunner : (agent.profile?.tools ?? []))]
	const informational = agent.kind === 'operator'
	const note = informational
		? 'The client decides: its own definition of the worker type says which tools the worker really has.'
		: 'The backend of this kind is given these tools; not every kind has a use for tools.'
	return { tools, informational, note }
}

function explainPrompt(agent: AgentDef): AgentExplanation['system_prompt'] {
	const text = agent.profile?.system_prompt ?? ''
	if (text === '') return null
	const syntaxError = templateSyntaxError(text)
	return {
		bytes: Buffer.byteLength(text),
		lines: text.split('\n').length,
		template_variables: (syntaxError === null ? templateVariables(text) : undefined) ?? [],
		template_syntax_error: syntaxError,
		note: 'Variables are filled from the members of an object prompt; any other prompt is `directive`. A missing one fails the step.',
	}
}

function explainCtx(blueprint: Blueprint, agent: AgentDef): AgentExplanation['effective_ctx'] {
	const keys = winningTiers(blueprint, agent)
	const policy = effectiveContextPolicy(blueprint, agent)
	const include = policy?.include ?? null
	const hidden = Object.keys(keys).filter((key) => policy?.exclude.includes(key) || (include !== null && !include.includes(key)))
	const rest = 'The task and the step may override these keys and add more.'
	return { keys: { ...keys }, note: hidden.length === 0 ? rest : `${rest} The context policy hides ${hidden.join(', ')}.` }
}

function explainOutput(blueprint: Blueprint, agent: AgentDef): AgentExplanation['output'] {
	const { diagnostics } = stepNames(blueprint)
	const about = diagnostics.filter(({ message }) => message.includes(`'${agent.name}'`))
	return {
		projection_name: agent.meta?.projection_name ?? agent.name,
		naming_warnings: about.map(({ message }) => message),
		parts_note: 'Where the worker stages parts, the value of the step is {"out", "parts"}; read a part as $.<out>.parts.<name>.',
	}
}
