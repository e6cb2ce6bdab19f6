import { bindingRequirements } from '../../../core/blueprint/binding-requirement.ts'
import type { Diagnostic } from '../../../core/blueprint/diagnostic.ts'
import { explainAgent, summariseAgents } from '../../../core/blueprint/explain.ts'
import { readHead, readParsedHead } from '../../../core/blueprint/head.ts'
import { parseBlueprint } from '../../../core/blueprint/parse.ts'
import type { BlueprintStore } from '../../../core/blueprint/store.ts'
import { toWireDiagnostic } from '../../../core/blueprint/wire-diagnostic.ts'
import { MseError } from '../../../kernel/error.ts'
import type { Blueprint } from '../../../protocol/blueprint.ts'
import {
	BindingRequirementsSchema,
	DiagnosticsReplySchema,
	ExplainListSchema,
	ExplainReplySchema,
} from '../../../protocol/blueprint-explain.ts'
import { refusals } from '../../../protocol/error.ts'
import { swarmRoutes } from '../failure.ts'

export interface BlueprintInspectionDeps {
	readonly blueprints: BlueprintStore
	/** All findings beyond the shape, with what this server can do. */
	lint(blueprint: Blueprint): readonly Diagnostic[]
	/** `legacy_worker_binding_policy` is `reject`. */
	readonly rejectLegacyBinding: boolean
}

/** What the head of a Blueprint means: its agents, what they ask of clients (mlua-swarm 0.26.0), and what is wrong with it. */
export function blueprintInspectionRoutes(deps: BlueprintInspectionDeps) {
	const { blueprints } = deps
	return swarmRoutes('blueprint-inspection', unknownAgentKeys)
		.get('/v1/blueprints/:id/binding-requirements', ({ params }) => listRequirements(deps, params.id), {
			detail: { summary: 'Says what the agents of a Blueprint ask of clients that run them' },
			response: { 200: BindingRequirementsSchema, ...refusals(400, 404, 422) },
		})
		.get(
			'/v1/blueprints/:id/agents/explain',
			async ({ params: { id } }) => {
				const { blueprint, version } = await readParsedHead(blueprints, id)
				return { blueprint: { id, version }, agents: summariseAgents(blueprint) }
			},
			{
				detail: { summary: 'Lists the agents of a Blueprint as they would run' },
				response: { 200: ExplainListSchema, ...refusals(400, 404) },
			},
		)
		.get('/v1/blueprints/:id/agents/:agent/explain', ({ params }) => explain(blueprints, params.id, params.agent), {
			detail: { summary: 'Explains how one agent would run, and why' },
			response: { 200: ExplainReplySchema, ...refusals(400, 404) },
		})
		.get('/v1/blueprints/:id/diagnostics', ({ params }) => diagnose(deps, params.id), {
			detail: { summary: 'Lists every finding about the head of a Blueprint' },
			response: { 200: DiagnosticsReplySchema, ...refusals(404) },
		})
}

async function listRequirements({ blueprints, rejectLegacyBinding }: BlueprintInspectionDeps, id: string) {
	const { blueprint } = await readParsedHead(blueprints, id)
	const requirements = bindingRequirements(blueprint, rejectLegacyBinding)
	return { blueprint_id: id, strict_binding: blueprint.strategy.strict_binding, requirements }
}

async function explain(blueprints: BlueprintStore, id: string, name: string) {
	const { blueprint, version } = await readParsedHead(blueprints, id)
	const agent = blueprint.agents.find((candidate) => candidate.name === name)
	if (agent) return { blueprint: { id, version }, ...explainAgent(blueprint, agent) }
	const available = blueprint.agents.map((candidate) => candidate.name)
	throw new MseError('not_found', `Blueprint ${id} has no agent ${name}.`, { code: 'unknown_agent', details: { agent: name, available } })
}

/** Upstream has these beside `error`. */
function unknownAgentKeys({ code, details }: MseError): object {
	return code === 'unknown_agent' && typeof details === 'object' && details !== null ? details : {}
}

async function diagnose({ blueprints, lint }: BlueprintInspectionDeps, id: string) {
	const { document, commit } = await readHead(blueprints, id)
	const { blueprint, diagnostics } = parseBlueprint(document)
	const found = [...diagnostics, ...(blueprint ? lint(blueprint) : [])]
	return { id, version: commit.hash, diagnostics: found.map(toWireDiagnostic) }
}
