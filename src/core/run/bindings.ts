import { MseError, messageOf } from '../../kernel/error.ts'
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

function differenceOf(requested: ReturnType<typeof requestedBinding>, effective: Binding['effective']): Binding['difference'] {
	const [asked, got] = [requested?.tools ?? [], effective?.effective_tools ?? []]
	return {
		model_changed: effective !== null && requested?.model != null && requested.model !== effective.resolved_model,
		missing_requested_tools: effective === null ? [] : asked.filter((tool) => !got.includes(tool)),
		additional_effective_tools: got.filter((tool) => !asked.includes(tool)),
		launch_variant_changed: effective !== null && requested?.launch_variant !== effective.launch_variant,
	}
}
