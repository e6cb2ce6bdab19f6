import { MseError } from '../../kernel/error.ts'
import { sha256Hex } from '../../kernel/hash.ts'
import type { Json } from '../../kernel/json.ts'
import type { AgentDef, Blueprint } from '../../protocol/blueprint.ts'
import { AgentDefSchema, ContextPolicySchema, RunnerSchema } from '../../protocol/blueprint-agent.ts'
import { effectiveContextPolicy, resolveRunner } from './runner.ts'
import { writtenForm } from './written-form.ts'

/**
 * `sha256:` + 64 hex over what an agent is bound to, the same text as in mlua-swarm 0.26.0. How the document is formatted
 * makes no difference, an attestation does. Policies of ours are not part of it.
 */
export function bindingDigest(blueprint: Blueprint, agent: AgentDef, attestation: Json = null): string {
	const { runner, source } = resolveRunner(blueprint, agent)
	const policy = effectiveContextPolicy(blueprint, agent)
	const bound = {
		agent: writtenForm(AgentDefSchema, agent),
		runner: runner && writtenForm(RunnerSchema, runner),
		context_policy: policy && writtenForm(ContextPolicySchema, policy),
		runner_source: source,
		attestation,
	}
	return `sha256:${sha256Hex(JSON.stringify(bound))}`
}

/** A digest a caller sent. Throws `invalid` when it is none. */
export function parseBindingDigest(text: string): string {
	if (/^sha256:[0-9a-f]{64}$/.test(text)) return text
	throw new MseError('invalid', `invalid binding digest '${text}'; expected sha256:<64 lowercase hex>`, { code: 'invalid_binding_digest' })
}
