import { Value } from '@sinclair/typebox/value'
import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { Blueprint } from '../../protocol/blueprint.ts'
import { type AppliedPatch, AppliedPatchSchema, type AxisVerdict } from '../../protocol/enhance.ts'
import { stepsOf } from '../blueprint/flow-walk.ts'
import { blueprintHash } from '../blueprint/normal-form.ts'
import { parseBlueprint } from '../blueprint/parse.ts'

/** Why a Blueprint does not compile on this server, one by one; empty when it does. */
export type CompileProblems = (blueprint: Blueprint) => readonly string[]

type Finding = { readonly evidence: string } | { readonly reason: string }
type Axis = (applied: AppliedPatch, problemsOf: CompileProblems) => Finding

/**
 * The step `verifier-router`: the context of one lane to `{axis, outcome: {Pass: {evidence}} | {Deny: {reason}}}` (mlua-swarm 0.1.0;
 * the axis `compile` is ours). An axis that nobody knows is denied. Throws an Error for a context without `applied`.
 */
export function verifyAxis(ctx: Json, problemsOf: CompileProblems): AxisVerdict & JsonObject {
	const { applied, axis } = isJsonObject(ctx) ? ctx : {}
	if (!Value.Check(AppliedPatchSchema, applied)) throw new Error('verifier-router: there is no applied patch to look at')
	const name = typeof axis === 'string' ? axis : String(axis)
	const check = Object.hasOwn(AXES, name) ? AXES[name] : undefined
	const known = Object.keys(AXES).join(', ')
	const found = check?.(applied, problemsOf) ?? { reason: `there is no axis '${name}'; there are ${known}` }
	return { axis: name, outcome: 'evidence' in found ? { Pass: found } : { Deny: found } }
}

const AXES: { readonly [axis: string]: Axis } = { des, canonical, noop, 'agent-ref': agentRef, compile }

function des({ new_bp_json: document }: AppliedPatch): Finding {
	const { id, flow, agents } = isJsonObject(document) ? document : {}
	if (typeof id !== 'string' || id === '') return { reason: 'id is no text with something in it' }
	if (!isJsonObject(flow)) return { reason: 'flow is no object' }
	return Array.isArray(agents) ? { evidence: `'${id}' has a flow and ${agents.length} agents` } : { reason: 'agents is no list' }
}

function canonical({ new_bp_json: document, new_hash: claimed }: AppliedPatch): Finding {
	const blueprint = read(document)
	if (typeof blueprint === 'string') return { reason: blueprint }
	const hash = blueprintHash(blueprint)
	return hash === claimed ? { evidence: `its version is ${hash}` } : { reason: `its version is ${hash}, not ${claimed}` }
}

function noop({ new_hash: now, prev_hash: before }: AppliedPatch): Finding {
	return now === before ? { reason: 'nothing changed' } : { evidence: `${before} became ${now}` }
}

function agentRef({ new_bp_json: document }: AppliedPatch): Finding {
	const blueprint = read(document)
	if (typeof blueprint === 'string') return { reason: blueprint }
	const names = new Set(blueprint.agents.map(({ name }) => name))
	const refs = new Set(stepsOf(blueprint.flow).map(({ node }) => node.ref))
	const missing = [...refs].filter((ref) => !names.has(ref))
	if (missing.length > 0) return { reason: `no agent is named ${missing.map((ref) => `'${ref}'`).join(', ')}` }
	return { evidence: `all of ${refs.size} names in steps are agents` }
}

function compile({ new_bp_json: document }: AppliedPatch, problemsOf: CompileProblems): Finding {
	const blueprint = read(document)
	if (typeof blueprint === 'string') return { reason: blueprint }
	const problems = problemsOf(blueprint)
	return problems.length === 0 ? { evidence: 'it compiles' } : { reason: problems.join('; ') }
}

/** The Blueprint, or why it is none. */
function read(document: unknown): Blueprint | string {
	const { blueprint, diagnostics } = parseBlueprint(document)
	return blueprint ?? diagnostics.map(({ path, message }) => `${message} at ${path}`).join('; ')
}
