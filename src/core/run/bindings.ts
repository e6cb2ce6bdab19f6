import { MseError, messageOf } from '../../kernel/error.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { Binding } from '../../protocol/run.ts'
import { requestedBinding } from '../blueprint/attestation.ts'
import { bindingDigest } from '../blueprint/binding-digest.ts'
import { resolveRunner } from '../blueprint/runner.ts'
import type { Plan } from '../dispatch/plan.ts'
import type { Run } from './record.ts'

/**
 * What each agent of a run is bound to: as its pinned Blueprint asks, and as the operator of its launch attested. Throws
 * `invalid` when the Blueprint cannot be read any more; nothing is guessed.
 */
export async function bindingsOf(deps: { planOf(hash: string): Promise<Plan> }, run: Run): Promise<Binding[]> {
	const plan = await deps.planOf(run.blueprintHash).catch((error) => {
		throw new MseError('invalid', `The Blueprint of run ${run.id} cannot be read: ${messageOf(error)}`, {
			code: 'no_snapshot',
			cause: error,
		})
	})
	const { blueprint } = plan
	return blueprint.agents.map((agent) => {
		const requested = requestedBinding(blueprint, agent)
		const effective = run.options.attestations?.[agent.name] ?? null
		return {
			agent: agent.name,
			runner_source: resolveRunner(blueprint, agent).source,
			status: effective ? 'attested' : 'declaration_only',
			requested: requested && { ...requested, tools: [...requested.tools] },
			effective,
			difference: differenceOf(requested, effective),
			binding_digest: bindingDigest(blueprint, agent, effective),
		}
	})
}

/** The digest of what an agent of the run is bound to, by the agent's name. */
export type DigestOf = (agent: string) => string | undefined

/** Knows no digest when the run's Blueprint cannot be read any more. */
export async function digestsOf(deps: { planOf(hash: string): Promise<Plan> }, run: Run): Promise<DigestOf> {
	const plan = await deps.planOf(run.blueprintHash).catch(() => null)
	return plan === null ? () => undefined : digestsIn(plan, run)
}

/** Each digest is computed once. */
export function digestsIn(plan: Plan, run: Run): DigestOf {
	const known = new Map<string, string | undefined>()
	const compute = (name: string): string | undefined => {
		const agent = plan.routes.get(name)?.agent
		return agent ? bindingDigest(plan.blueprint, agent, run.options.attestations?.[name] ?? null) : undefined
	}
	return (name) => {
		if (!known.has(name)) known.set(name, compute(name))
		return known.get(name)
	}
}

/** What the launch had to do without: agents that the operator's manifest says nothing of run as declared (mlua-swarm 0.26.0). */
export function launchDegradations({ options, createdAt }: Run): JsonObject[] {
	return (options.unattested ?? []).map((agent) => ({
		tool: 'binding',
		error: `the capability manifest of the operator does not cover agent '${agent}'`,
		fallback: 'declaration_only',
		step_ref: agent,
		at: Math.floor(createdAt / 1000),
	}))
}

function differenceOf(requested: ReturnType<typeof requestedBinding>, effective: Binding['effective']): Binding['difference'] {
	const [asked, got] = [requested?.tools ?? [], effective?.effective_tools ?? []]
	return {
		model_changed: effective !== null && requested?.model != null && requested.model !== effective.resolved_model,
		missing_requested_tools: effective === null ? [] : asked.filter((tool) => !got.includes(tool)),
		additional_effective_tools: got.filter((tool) => !asked.includes(tool)),
		launch_variant_changed: effective !== null && requested?.launch_variant !== effective.launch_variant,
	}
}
