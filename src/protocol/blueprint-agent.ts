import { type Static, Type } from '@sinclair/typebox'
import { AnyValue, closed, defaulted, ifFilled, ifSet, nullable, oneOf, ours, required, Strings, taggedBy } from './blueprint-field.ts'
import { PolicySchema } from './policy.ts'

export const AGENT_KINDS = ['lua', 'rust_fn', 'agent_block', 'subprocess', 'operator'] as const
export const AgentKindSchema = oneOf(AGENT_KINDS)
export type AgentKind = (typeof AGENT_KINDS)[number]

export const OperatorKindSchema = oneOf(['main_ai', 'automate', 'composite'])
export type OperatorKind = Static<typeof OperatorKindSchema>

export const ContextPolicySchema = closed('ContextPolicy', {
	include: nullable('Only these context keys are shown; null shows all.', Strings),
	exclude: defaulted('Context keys that are never shown.', Strings, []),
	steps: nullable('Only the outputs of these steps are shown; null shows all.', Strings),
	steps_exclude: defaulted('Steps whose outputs are never shown.', Strings, []),
})
export type ContextPolicy = Static<typeof ContextPolicySchema>

export const AgentProfileSchema = closed('AgentProfile', {
	system_prompt: defaulted('Who the agent is and how it works.', Type.String(), ''),
	model: nullable('Model the agent asks for.', Type.String()),
	effort: nullable(
		'How hard the model of an agent_block thinks: none, minimal, low, medium, high, xhigh or max. Other words are kept and change nothing.',
		Type.String(),
	),
	tools: defaulted('Tools the agent may use.', Strings, []),
	description: nullable('What the agent is for.', Type.String()),
	extras: defaulted('Further keys of the agent file.', AnyValue, null),
	version_hash: nullable('Hash of the agent file.', Type.String()),
	worker_binding: ifSet('Worker type of a client that runs the agent. Superseded by `runner`.', Type.String()),
})
export type AgentProfile = Static<typeof AgentProfileSchema>

export const AgentMetaSchema = closed('AgentMeta', {
	description: nullable('For people.', Type.String()),
	version: nullable('For people.', Type.String()),
	tags: defaulted('For people.', Strings, []),
	ctx: ifSet('Context shown to this agent.', AnyValue),
	context_policy: ifSet('Which context this agent is shown; replaces the default of the Blueprint.', ContextPolicySchema),
	meta_ref: ifSet('Name of an entry of `metas` shown to this agent.', Type.String()),
	projection_name: ifSet('Name under which the output of this agent is found.', Type.String()),
})
export type AgentMeta = Static<typeof AgentMetaSchema>

const SubprocessOverrides = closed('SubprocessOverrides', {
	model: ifSet('Model instead of that of the profile.', Type.String()),
	tools: ifFilled('Tools instead of those of the profile.', Strings, []),
	cwd: ifSet('Folder instead of that of the template.', Type.String()),
})

const clientRunner = <const Backend extends string>(backend: Backend) =>
	closed('Runner', {
		backend: required('Where the agent runs: in a client that is connected as an operator.', Type.Literal(backend)),
		variant: required('Worker type of the client.', Type.String()),
		tools: ifFilled('Tools the worker gets.', Strings, []),
	})

export const RunnerSchema = taggedBy('backend', 'Runner', [
	clientRunner('ws_operator'),
	clientRunner('ws_claude_code'),
	closed('Runner', {
		backend: required('Where the agent runs: an LLM called by the server.', Type.Literal('agent_block_in_process')),
		tools: ifFilled('Tools the agent gets.', Strings, []),
	}),
	closed('Runner', {
		backend: required('Where the agent runs: a child process started from a template.', Type.Literal('subprocess')),
		template: required('Name of an entry of `subprocesses`.', Type.String()),
		overrides: ifFilled('What differs from the template.', SubprocessOverrides, {}),
	}),
])
export type Runner = Static<typeof RunnerSchema>

export const VerdictContractSchema = closed('VerdictContract', {
	channel: required('Where the verdict is: the value of the step, or its part named `verdict`.', oneOf(['body', 'part'])),
	values: required('The words that count.', Strings),
})
export type VerdictContract = Static<typeof VerdictContractSchema>

export const LintSettingSchema = oneOf(['allow', 'warn', 'deny'])
export const LintsSchema = Type.Record(Type.String(), LintSettingSchema, { title: 'lints' })
export type Lints = Static<typeof LintsSchema>

export const AgentDefSchema = closed('AgentDef', {
	name: required('What `ref` of a step names.', Type.String()),
	kind: required('What performs the steps of the agent.', AgentKindSchema),
	spec: defaulted('Settings of that kind.', AnyValue, null),
	profile: nullable('Who the agent is.', AgentProfileSchema),
	meta: nullable('What else is known of the agent.', AgentMetaSchema),
	runner: ifSet('Where the agent runs.', RunnerSchema),
	runner_ref: ifSet('Name of an entry of `runners`.', Type.String()),
	verdict: ifSet('How the agent announces a decision.', VerdictContractSchema),
	lints: ifFilled('Levels of findings about this agent.', LintsSchema, {}),
	policy: ours('Limits, retries and approval of the steps of this agent.', PolicySchema),
})
export type AgentDef = Static<typeof AgentDefSchema>
