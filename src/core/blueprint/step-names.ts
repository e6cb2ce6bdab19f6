import type { AgentDef, Blueprint } from '../../protocol/blueprint.ts'
import type { Diagnostic } from './diagnostic.ts'
import { pathText, stepsOf } from './flow-walk.ts'
import { parsePath } from './path.ts'

/** The names under which the outputs of a step are found. All steps with the same `ref` are one. */
export interface StepName {
	readonly ref: string
	/** `projection_name` of the agent, else the ref. */
	readonly canonical: string
	/** The ref and the first keys of the `out` paths, as far as no other step has a better claim to them. */
	readonly aliases: readonly string[]
}

export interface StepNames {
	/** In flow order. */
	readonly steps: readonly StepName[]
	/** From every name to the step's ref. */
	readonly refs: ReadonlyMap<string, string>
	/** Names that more than one step claims. */
	readonly diagnostics: readonly Diagnostic[]
}

/** A declared name beats nothing: two steps that want it are an error. A weak claim is given up when anybody else has one. */
type Strength = 'declared' | 'strong' | 'weak'

interface Claim {
	readonly name: string
	readonly ref: string
	readonly strength: Strength
	readonly at: string
}

/** How the steps of a Blueprint are named, and where that is unclear (the rules of mlua-swarm 0.26.0). */
export function stepNames(blueprint: Blueprint): StepNames {
	const agents = new Map(blueprint.agents.map((agent) => [agent.name, agent]))
	const claims = claimsOf(blueprint, agents)
	const diagnostics: Diagnostic[] = []
	const refs = new Map<string, string>()
	for (const [name, rivals] of Map.groupBy(claims, (claim) => claim.name)) {
		const owner = settle(name, rivals, diagnostics)
		if (owner !== undefined) refs.set(name, owner)
	}
	const steps = [...new Set(claims.map(({ ref }) => ref))].map((ref) => {
		const canonical = agents.get(ref)?.meta?.projection_name ?? ref
		const own = claims.filter((claim) => claim.ref === ref && claim.strength !== 'declared').map(({ name }) => name)
		return { ref, canonical, aliases: [...new Set(own)].filter((name) => refs.get(name) === ref) }
	})
	return { steps, refs, diagnostics }
}

function claimsOf(blueprint: Blueprint, agents: ReadonlyMap<string, AgentDef>): Claim[] {
	return stepsOf(blueprint.flow).flatMap(({ node: { ref, out }, at }) => {
		const claims: Claim[] = [{ name: ref, ref, strength: 'strong', at: `${at}.ref` }]
		const declared = agents.get(ref)?.meta?.projection_name
		if (declared !== undefined) claims.push({ name: declared, ref, strength: 'declared', at: `${at}.ref` })
		const parsed = parsePath(pathText(out) ?? '$')
		const [top, ...deeper] = 'path' in parsed ? parsed.path.keys : []
		if (top !== undefined) claims.push({ name: top, ref, strength: deeper.length === 0 ? 'strong' : 'weak', at: `${at}.out` })
		return claims
	})
}

/** Who gets a name; undefined when nobody does. */
function settle(name: string, rivals: readonly Claim[], diagnostics: Diagnostic[]): string | undefined {
	const claimants = new Set(rivals.map(({ ref }) => ref))
	if (claimants.size === 1) return rivals[0]?.ref
	const strong = rivals.filter(({ strength }) => strength !== 'weak')
	const [first, second] = [...new Map(strong.map((claim) => [claim.ref, claim])).values()]
	if (!first || !second) return first?.ref
	const declared = strong.some(({ strength }) => strength === 'declared')
	const reason = declared ? 'declared as projection_name' : 'by ref or out path'
	const owner = claimants.has(name) ? name : first.ref
	diagnostics.push({
		code: 'step-naming-collision',
		level: declared ? 'error' : 'warn',
		path: second.at,
		message: `StepNaming collision: name '${name}' is claimed by both step '${first.ref}' and step '${second.ref}' (${reason})`,
		hint: declared ? 'Give one of them another projection_name.' : `'${name}' will mean step '${owner}'.`,
		element: { type: 'Step', name: second.ref },
	})
	return owner
}
