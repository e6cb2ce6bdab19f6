import type { Json } from '../../../kernel/json.ts'
import { schemaFault } from '../../../kernel/json-schema.ts'
import type { Blueprint, Policy } from '../../../protocol/blueprint.ts'
import type { Diagnostic } from '../diagnostic.ts'
import { agentsOf, errorOf } from '../finding.ts'

/** Forms that approvers could never fill in, because they are no JSON Schema. */
export function lintApprovals(blueprint: Blueprint): Diagnostic[] {
	const ofAgents = agentsOf(blueprint).flatMap(({ agent, at, element }) =>
		lintForm(agent.policy, `${at}.policy`).map((finding) => ({ ...finding, element })),
	)
	return [...lintForm(blueprint.metadata.policy, '$.metadata.policy'), ...ofAgents]
}

function lintForm(policy: Policy | undefined, at: string): Diagnostic[] {
	const approve = policy?.approve
	if (typeof approve !== 'object' || approve.form == null) return []
	const fault = schemaFault(approve.form as Json)
	if (fault === null) return []
	return [
		errorOf({
			code: 'invalid-approval-form',
			path: `${at}.approve.form`,
			message: `approve.form is no JSON Schema: ${fault}`,
			hint: 'Describe the answer as a JSON Schema, such as {"type": "object", "properties": {…}}.',
		}),
	]
}
