import type { Blueprint } from '../../../protocol/blueprint.ts'
import type { Diagnostic } from '../diagnostic.ts'
import { agentsOf, errorOf } from '../finding.ts'
import { resolveRunner } from '../runner.ts'

/** Agents whose runner cannot be found, or may not be given by the legacy key. */
export function lintBoundAgents(blueprint: Blueprint, rejectLegacyBinding: boolean): Diagnostic[] {
	const reported = new Set<string>()
	const found: Diagnostic[] = []
	for (const { agent, at, element } of agentsOf(blueprint)) {
		const { source, error } = resolveRunner(blueprint, agent)
		const legacy = source === 'legacy_worker_binding' && (rejectLegacyBinding || blueprint.strategy.strict_binding)
		const inner = legacy ? legacyText(agent.name) : error
		if (inner === null || reported.has(inner)) continue
		reported.add(inner)
		const path = legacy ? `${at}.profile.worker_binding` : source === 'agent_ref' ? `${at}.runner_ref` : '$.default_runner'
		found.push(errorOf({ code: 'bound-agent-resolution', path, message: `bound agent resolution: ${inner}`, element }))
	}
	return found
}

const legacyText = (agent: string): string =>
	`agent '${agent}' uses deprecated profile.worker_binding; strict binding requires runner or runner_ref`
