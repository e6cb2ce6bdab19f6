import { isJsonObject, type Json } from '../../kernel/json.ts'
import type { AgentDef, Blueprint } from '../../protocol/blueprint.ts'

/** Where context that a document gives to an agent comes from, as mlua-swarm 0.26.0 names it. */
export type AgentTier = 'agent_inline' | 'meta_ref' | 'bp_global'

interface TierContext {
	readonly tier: AgentTier
	/** Its place in the document. */
	readonly where: string
	/** An object where the author got it right; undefined when there is none. */
	readonly ctx: Json | undefined
}

/** The contexts a document gives to an agent, weakest first. */
export function agentTiers(blueprint: Blueprint, agent: AgentDef): readonly TierContext[] {
	const ref = agent.meta?.meta_ref
	const named = ref == null ? undefined : blueprint.metas.findLast(({ name }) => name === ref)?.ctx
	return [
		{ tier: 'bp_global', where: 'default_agent_ctx', ctx: blueprint.default_agent_ctx },
		{ tier: 'meta_ref', where: `metas['${ref}'].ctx`, ctx: named },
		{ tier: 'agent_inline', where: `agents['${agent.name}'].meta.ctx`, ctx: agent.meta?.ctx },
	]
}

/** Each key of those contexts with the value and the tier that win; what is not an object counts for nothing. */
export function winningTiers(blueprint: Blueprint, agent: AgentDef): { readonly [key: string]: { value: Json; winning_tier: AgentTier } } {
	const entries = agentTiers(blueprint, agent).flatMap(({ tier, ctx }) =>
		isJsonObject(ctx) ? Object.entries(ctx).map(([key, value]) => [key, { value, winning_tier: tier }] as const) : [],
	)
	return Object.fromEntries(entries)
}
