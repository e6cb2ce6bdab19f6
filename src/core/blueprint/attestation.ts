import { MseError } from '../../kernel/error.ts'
import type { AgentDef, Blueprint } from '../../protocol/blueprint.ts'
import type { BindingAttestation, CapabilityManifest } from '../../protocol/operator.ts'
import { resolveRunner } from './runner.ts'

/** What a worker in an operator's client is asked to be. */
export interface RequestedBinding {
	readonly launch_variant: string | null
	readonly model: string | null
	readonly tools: readonly string[]
}

export type Attestations = { readonly [agent: string]: BindingAttestation }

/**
 * What an operator's manifest proves of the agents of a Blueprint. Throws `malformed` when it has two answers for one
 * variant, and under strict binding when an agent with such a runner stays without proof.
 */
export function attest(blueprint: Blueprint, manifest: CapabilityManifest | null): Attestations {
	const found: Record<string, BindingAttestation> = {}
	for (const agent of blueprint.agents) {
		if (!isClientRun(blueprint, agent)) continue
		const attestation = manifest && attestAgent(requestedBinding(blueprint, agent), manifest)
		if (attestation) found[agent.name] = attestation
		else if (blueprint.strategy.strict_binding) throw unattested(agent)
	}
	return found
}

/** Agents that a manifest should have covered and did not; nobody where no manifest was given. */
export function unattestedAgents(blueprint: Blueprint, manifest: CapabilityManifest | null, found: Attestations): readonly string[] {
	if (manifest === null) return []
	return blueprint.agents.filter((agent) => isClientRun(blueprint, agent) && !Object.hasOwn(found, agent.name)).map(({ name }) => name)
}

/** Null for an agent without a runner. */
export function requestedBinding(blueprint: Blueprint, agent: AgentDef): RequestedBinding | null {
	const { runner } = resolveRunner(blueprint, agent)
	if (runner === null) return null
	const model = agent.profile?.model ?? null
	return { launch_variant: 'variant' in runner ? runner.variant : null, model, tools: 'tools' in runner ? (runner.tools ?? []) : [] }
}

function isClientRun(blueprint: Blueprint, agent: AgentDef): boolean {
	const backend = resolveRunner(blueprint, agent).runner?.backend
	return backend === 'ws_operator' || backend === 'ws_claude_code'
}

/** Null when the manifest does not cover all that is asked. */
function attestAgent(requested: RequestedBinding | null, manifest: CapabilityManifest): BindingAttestation | null {
	const fitting = manifest.capabilities?.filter(({ launch_variant }) => launch_variant === requested?.launch_variant) ?? []
	if (fitting.length > 1)
		throw new MseError(
			'malformed',
			`The operator's manifest has ${fitting.length} capabilities of variant '${requested?.launch_variant}'.`,
			{
				code: 'ambiguous_capability',
			},
		)
	const [capability] = fitting
	if (!capability || !requested || manifest.provider_id.trim() === '') return null
	const tools = capability.effective_tools ?? []
	if (requested.model !== null && capability.resolved_model == null) return null
	if (!requested.tools.every((tool) => tools.includes(tool))) return null
	return {
		provider_id: manifest.provider_id,
		provider_revision: manifest.provider_revision ?? null,
		resolved_model: capability.resolved_model ?? null,
		effective_tools: [...tools],
		launch_variant: capability.launch_variant ?? null,
		capability_snapshot_digest: capability.capability_snapshot_digest ?? capability.evidence_digest ?? null,
	}
}

function unattested({ name }: AgentDef): MseError {
	return new MseError('malformed', `strict binding: no operator attests that it can run agent '${name}'`, {
		code: 'binding_unattested',
		hint: 'Launch with the operator_sid of a session whose capability_manifest covers its variant, model and tools.',
	})
}
