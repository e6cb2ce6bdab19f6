import { type Static, Type } from '@sinclair/typebox'
import {
	AgentDefSchema,
	AgentKindSchema,
	AgentMetaSchema,
	AgentProfileSchema,
	ContextPolicySchema,
	LintsSchema,
	OperatorKindSchema,
	RunnerSchema,
} from './blueprint-agent.ts'
import {
	AnyValue,
	closed,
	defaulted,
	ifFilled,
	ifSet,
	nullable,
	oneOf,
	ours,
	required,
	Strings,
	taggedBy,
	wholeNumber,
} from './blueprint-field.ts'
import { NodeSchema } from './flow.ts'
import { PolicySchema, RunPolicySchema } from './policy.ts'

/** The full grammar of a semantic version: no prefix, no leading zeros. */
export const SEMVER_PATTERN =
	'^(0|[1-9]\\d*)\\.(0|[1-9]\\d*)\\.(0|[1-9]\\d*)(?:-((?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\\.(?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\\+([0-9a-zA-Z-]+(?:\\.[0-9a-zA-Z-]+)*))?$'

export const OperatorDefSchema = closed('OperatorDef', {
	name: required('What `spec.operator_ref` of an agent names.', Type.String()),
	display_name: nullable('Name for people.', Type.String()),
	kind: nullable('How much of the work the operator decides.', OperatorKindSchema),
	spec: defaulted('Free settings.', AnyValue, null),
	profile: nullable('Who the operator is.', AgentProfileSchema),
	meta: nullable('What else is known of the operator.', AgentMetaSchema),
})
export type OperatorDef = Static<typeof OperatorDefSchema>

export const MetaDefSchema = closed('MetaDef', {
	name: required('What `meta_ref` and `$step_meta.ref` name.', Type.String()),
	ctx: required('Context to show; an object.', AnyValue),
})
export type MetaDef = Static<typeof MetaDefSchema>

const CompilerHints = closed('CompilerHints', {
	per_agent: defaulted('Hints by agent name.', Type.Record(Type.String(), AnyValue), {}),
	global: defaulted('Hints for all.', AnyValue, null),
})

const CompilerStrategy = closed('CompilerStrategy', {
	strict_refs: defaulted('A step whose agent is missing refuses the launch.', Type.Boolean(), true),
	strict_kind: defaulted('An agent whose kind is missing refuses the launch.', Type.Boolean(), true),
	strict_binding: defaulted('Agents with a runner need a worker that proves it can run them.', Type.Boolean(), false),
})

/** `{kind, …}` of where a document came from. Further keys are let through, as mlua-swarm does. */
const Origin = taggedBy('kind', 'BlueprintOrigin', [
	Type.Object({ kind: required('Made in place.', Type.Literal('inline')) }, { title: 'BlueprintOrigin' }),
	Type.Object(
		{ kind: required('Read from a file.', Type.Literal('file')), path: required('Its path.', Type.String()) },
		{ title: 'BlueprintOrigin' },
	),
	Type.Object(
		{ kind: required('Made by a program.', Type.Literal('algo')), session_id: required('Its session.', Type.String()) },
		{ title: 'BlueprintOrigin' },
	),
])

export const BlueprintMetadataSchema = closed('BlueprintMetadata', {
	description: nullable('For people.', Type.String()),
	origin: defaulted('Where the document came from.', Origin, { kind: 'inline' }),
	tags: defaulted('For people.', Strings, []),
	version_label: ifSet('Semantic version by which a launch may select this commit.', Type.String()),
	project_name_alias: ifSet('Name of the project, shown to operators.', Type.String()),
	default_run_ttl_secs: ifSet('Deadline of a run, in seconds.', wholeNumber()),
	strict_verdict_handling: ifSet('A declared verdict that nothing compares refuses the launch.', Type.Boolean()),
	lints: ifFilled('Levels of findings.', LintsSchema, {}),
	policy: ours('Policy of every agent that does not say otherwise.', PolicySchema),
	run_policy: ours('Limits of a run.', RunPolicySchema),
})
export type BlueprintMetadata = Static<typeof BlueprintMetadataSchema>

const SpawnerHints = closed('SpawnerHints', {
	layers: defaulted('Layers around each spawn: `main_ai`, `senior_escalation`, `operator_delegate`.', Strings, []),
})

const ProjectionPlacementSchema = closed('ProjectionPlacementSpec', {
	root: ifSet('`work_dir` or `project_root`.', Type.String()),
	dir_template: ifSet('Folder of the output files under the root; contains `{task_id}`.', Type.String()),
})
export type ProjectionPlacement = Static<typeof ProjectionPlacementSchema>

export const AuditDefSchema = closed('AuditDef', {
	agent: required('Agent that looks at finished steps.', Type.String()),
	steps: ifSet('Steps it looks at; absent or `*` means all.', Strings),
	mode: defaulted('Whether the step waits for the audit.', oneOf(['async', 'sync']), 'async'),
})
export type AuditDef = Static<typeof AuditDefSchema>

export const RunnerDefSchema = closed('RunnerDef', {
	name: required('What `runner_ref` and `default_runner` name.', Type.String()),
	runner: required('Where an agent runs.', RunnerSchema),
})

const pointer = 'JSON pointer into the output of the process.'
export const SubprocessDefSchema = closed('SubprocessDef', {
	name: required('What `template` of a runner names.', Type.String()),
	argv: required('Program and arguments; may contain placeholders such as `{prompt}`.', Strings),
	stdin: ifSet('What the process reads; absent means nothing.', Type.String()),
	env: ifFilled('Environment variables.', Type.Record(Type.String(), Type.String()), {}),
	cwd: ifSet('Folder to start in.', Type.String()),
	output: ifSet(
		'How the output of the process becomes a value.',
		closed('SubprocessOutput', {
			format: ifSet('`json`, or ours: `text`, where all of the output is the value.', Type.String()),
			result_ptr: ifSet(pointer, Type.String()),
			ok_from: ifSet('`exit_code`, or a JSON pointer to a flag.', Type.String()),
			stats: ifSet(
				'Where figures are.',
				closed('SubprocessStats', {
					usage_ptr: ifSet(pointer, Type.String()),
					model_ptr: ifSet(pointer, Type.String()),
					num_turns_ptr: ifSet(pointer, Type.String()),
				}),
			),
		}),
	),
	stream_mode: ifSet('`ndjson_lines`, `sse_events` or `length_prefixed`.', Type.String()),
})
export type SubprocessDef = Static<typeof SubprocessDefSchema>

export const CheckPolicySchema = oneOf(['silent', 'warn', 'strict'])
export type CheckPolicy = Static<typeof CheckPolicySchema>

/**
 * A whole document (mlua-swarm 0.26.0, and our own `policy` and `run_policy`), with fields in the order it is written in.
 * The type is that of a parsed document: defaults are present.
 */
export const BlueprintSchema = closed('Blueprint', {
	schema_version: defaulted('Version of the format.', Type.String({ pattern: SEMVER_PATTERN, title: 'semver version' }), '0.1.0'),
	id: required('Name of the Blueprint.', Type.String()),
	flow: required('What happens, in which order.', NodeSchema),
	agents: defaulted('Who performs the steps.', Type.Array(AgentDefSchema), []),
	operators: defaulted('Seats that AI clients and people take.', Type.Array(OperatorDefSchema), []),
	metas: ifFilled('Named pieces of context.', Type.Array(MetaDefSchema), []),
	hints: defaulted('Hints to the compiler.', CompilerHints, {}),
	strategy: defaulted('How strict a launch is.', CompilerStrategy, {}),
	metadata: defaulted('What is known of the document.', BlueprintMetadataSchema, {}),
	spawner_hints: defaulted('What is put around each spawn.', SpawnerHints, {}),
	default_agent_kind: defaulted('Kind of agents included from agent files.', AgentKindSchema, 'operator'),
	default_operator_kind: ifSet('Kind of operators that do not say.', OperatorKindSchema),
	default_init_ctx: ifSet('Context a run starts with, under what the launch gives.', AnyValue),
	default_agent_ctx: ifSet('Context shown to every agent.', AnyValue),
	default_context_policy: ifSet('Which context agents are shown.', ContextPolicySchema),
	projection_placement: ifSet('Where outputs are written as files.', ProjectionPlacementSchema),
	audits: ifFilled('Agents that look at finished steps.', Type.Array(AuditDefSchema), []),
	degradation_policy: ifSet(
		'Whether a step may pass whose worker could not do as asked: fail turns such an attempt into a failure.',
		oneOf(['warn', 'fail']),
	),
	runners: ifFilled('Named runners.', Type.Array(RunnerDefSchema), []),
	default_runner: ifSet('Runner of agents that name none.', Type.String()),
	subprocesses: ifFilled('Templates of child processes.', Type.Array(SubprocessDefSchema), []),
	check_policy: ifSet('What becomes of a submit whose side copies cannot be made.', CheckPolicySchema),
	blueprint_ref_includes: ifFilled('Folders in which included files are looked for.', Strings, []),
})
export type Blueprint = Static<typeof BlueprintSchema>

/** The document's JSON Schema (draft 2020-12), with nothing outside it. */
export function blueprintJsonSchema(): { readonly [key: string]: unknown } {
	const definitions: Record<string, unknown> = {}
	const root = selfContained(BlueprintSchema, definitions) as { readonly [key: string]: unknown }
	const $id = 'urn:mse-server:blueprint'
	return { $schema: 'https://json-schema.org/draft/2020-12/schema', $id, title: 'Blueprint', ...root, $defs: definitions }
}

/** A copy as plain JSON whose definitions lie at the root and are referred to by pointer. */
function selfContained(schema: unknown, definitions: Record<string, unknown>): unknown {
	if (Array.isArray(schema)) return schema.map((item) => selfContained(item, definitions))
	if (typeof schema !== 'object' || schema === null) return schema
	const copy: Record<string, unknown> = {}
	for (const [key, value] of Object.entries(schema)) {
		if (key === '$defs') for (const [name, body] of Object.entries(value)) definitions[name] = selfContained(body, definitions)
		else if (key !== '$id') copy[key] = key === '$ref' ? `#/$defs/${value}` : selfContained(value, definitions)
	}
	return copy
}

export type {
	AgentDef,
	AgentKind,
	AgentMeta,
	AgentProfile,
	ContextPolicy,
	Lints,
	OperatorKind,
	Runner,
	VerdictContract,
} from './blueprint-agent.ts'
export type { Policy, RunPolicy } from './policy.ts'
