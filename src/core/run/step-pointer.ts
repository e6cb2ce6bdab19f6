import type { ContextPolicy } from '../../protocol/blueprint.ts'
import type { StepPointer } from '../../protocol/worker.ts'
import { effectiveContextPolicy } from '../blueprint/runner.ts'
import type { StepName } from '../blueprint/step-names.ts'
import type { Plan } from '../dispatch/plan.ts'
import type { Run } from './record.ts'
import { type StepOutputDeps, stepOutputs } from './step-output.ts'

/**
 * Where an agent finds what other steps of its run produced, as far as its context policy lets it see them; never the
 * content, and never its own (mlua-swarm 0.7.0).
 */
export async function stepPointers(
	deps: StepOutputDeps,
	run: Pick<Run, 'id' | 'taskId'>,
	plan: Plan,
	agentName: string,
): Promise<StepPointer[]> {
	const agent = plan.routes.get(agentName)?.agent
	const policy = agent ? effectiveContextPolicy(plan.blueprint, agent) : null
	const visible = plan.names.steps.filter((name) => name.ref !== agentName && isVisible(policy, name))
	if (visible.length === 0) return []
	const outputs = await stepOutputs(deps, run, { ...plan, names: { ...plan.names, steps: visible } })
	return outputs.map(({ name, bytes, sha256, filePath }) => ({
		name,
		size_bytes: bytes.byteLength,
		...(filePath !== null && { file_path: filePath }),
		content_url: contentUrl(run, name),
		sha256,
	}))
}

/** The route of a step's content, without host. */
export function contentUrl({ taskId, id }: Pick<Run, 'taskId' | 'id'>, name: string): string {
	return `/v1/tasks/${taskId}/runs/${id}/steps/${encodeURIComponent(name)}/content`
}

function isVisible(policy: ContextPolicy | null, { canonical, aliases }: StepName): boolean {
	if (policy === null) return true
	const isIn = (names: readonly string[]): boolean => [canonical, ...aliases].some((name) => names.includes(name))
	return !isIn(policy.steps_exclude) && (policy.steps === null || isIn(policy.steps))
}
