import { type Static, Type } from '@sinclair/typebox'
import { AgentKindSchema, RunnerSchema } from './blueprint-agent.ts'
import { WireDiagnosticSchema } from './diagnostic.ts'

const nullable = <S extends Parameters<typeof Type.Union>[0][number]>(schema: S) => Type.Union([schema, Type.Null()])
const anyOf = <const Words extends string[]>(...words: Words) =>
	Type.Unsafe<Words[number]>(Type.Union(words.map((word) => Type.Literal(word))))
const Names = Type.Array(Type.String())

/** A Blueprint and the version of it that is talked about. */
const Subject = Type.Object({ id: Type.String(), version: Type.String() })

/** What one agent asks of whoever runs it (mlua-swarm 0.15.0). `binding_target` is the agent's `operator_ref`. */
export const BindingRequirementSchema = Type.Object({
	agent: Type.String(),
	request_digest: Type.String(),
	backend: anyOf('ws_operator', 'ws_claude_code', 'agent_block_in_process'),
	binding_target: Type.Optional(Type.String()),
	requested_model: Type.Optional(Type.String()),
	requested_tools: Type.Optional(Names),
	launch_variant: Type.Optional(Type.String()),
})
export type BindingRequirement = Static<typeof BindingRequirementSchema>

export const BindingRequirementsSchema = Type.Object({
	blueprint_id: Type.String(),
	strict_binding: Type.Boolean(),
	requirements: Type.Array(BindingRequirementSchema),
})

/** The worker a client is asked to start, as spawn frames name it. */
const WorkerBinding = Type.Object({ variant: Type.String(), tools: Names, requested_model: Type.Optional(Type.String()) })
export type WorkerBinding = Static<typeof WorkerBinding>

/** One agent as it would run, and why (mlua-swarm 0.26.0). `kind` is spelled as in documents, here and in the list. */
export const AgentExplanationSchema = Type.Object({
	agent: Type.Object({ name: Type.String(), kind: AgentKindSchema }),
	worker_binding: nullable(WorkerBinding),
	binding_note: nullable(Type.String()),
	runner: Type.Object({
		resolved: nullable(Type.Unsafe<Static<typeof RunnerSchema>>(RunnerSchema)),
		error: nullable(Type.String()),
		warning: nullable(Type.String()),
		source: anyOf('agent_inline', 'agent_ref', 'legacy_worker_binding', 'blueprint_default', 'none'),
		binding_digest: Type.String(),
	}),
	declared_tools: Type.Object({ tools: Names, informational: Type.Boolean(), note: Type.String() }),
	system_prompt: nullable(
		Type.Object({
			bytes: Type.Integer(),
			lines: Type.Integer(),
			template_variables: Names,
			template_syntax_error: nullable(Type.String()),
			note: Type.String(),
		}),
	),
	effective_ctx: Type.Object({
		keys: Type.Record(Type.String(), Type.Object({ value: Type.Unknown(), winning_tier: anyOf('agent_inline', 'meta_ref', 'bp_global') })),
		note: Type.String(),
	}),
	output: Type.Object({ projection_name: Type.String(), naming_warnings: Names, parts_note: Type.String() }),
})
export type AgentExplanation = Static<typeof AgentExplanationSchema>
export const ExplainReplySchema = Type.Composite([Type.Object({ blueprint: Subject }), AgentExplanationSchema])

export const AgentSummarySchema = Type.Object({
	name: Type.String(),
	kind: AgentKindSchema,
	worker_binding: nullable(WorkerBinding),
	declared_tools_count: Type.Integer(),
	system_prompt_bytes: Type.Integer(),
	effective_ctx_key_count: Type.Integer(),
	projection_name: Type.String(),
})
export type AgentSummary = Static<typeof AgentSummarySchema>
export const ExplainListSchema = Type.Object({ blueprint: Subject, agents: Type.Array(AgentSummarySchema) })

/** Ours: every finding about the head, those of reading it included. */
export const DiagnosticsReplySchema = Type.Object({
	id: Type.String(),
	version: Type.String(),
	diagnostics: Type.Array(WireDiagnosticSchema),
})
