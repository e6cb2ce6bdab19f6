import { isJsonObject, type Json, type JsonObject } from '../../../kernel/json.ts'
import type { MetaDef } from '../../../protocol/blueprint.ts'

const ENVELOPE = '$step_meta'
const INPUT = '$in'

export interface Directive {
	/** What the worker is asked to do. */
	readonly prompt: Json
	/** Context that only this step adds, or undefined. */
	readonly stepCtx: JsonObject | undefined
}

/**
 * Takes the `$step_meta` envelope off a step's input (mlua-swarm 0.6.0): `{ref?, inline?}` becomes step context, the
 * prompt is the sibling `$in`, else what remains, else the empty string. Input without the key passes unchanged.
 */
export function takeStepMeta(input: Json, metas: readonly MetaDef[]): Directive {
	if (!isJsonObject(input) || !Object.hasOwn(input, ENVELOPE)) return { prompt: input, stepCtx: undefined }
	const { [ENVELOPE]: envelope, ...rest } = input
	if (!isJsonObject(envelope)) throw new Error(`${ENVELOPE} must be an object with optional "ref" and "inline"`)
	const stepCtx = { ...referenced(envelope.ref, metas), ...inlined(envelope.inline) }
	if (Object.hasOwn(rest, INPUT)) return { prompt: rest[INPUT] ?? null, stepCtx }
	return { prompt: Object.keys(rest).length > 0 ? rest : '', stepCtx }
}

function referenced(ref: Json | undefined, metas: readonly MetaDef[]): JsonObject {
	if (ref === undefined || ref === null) return {}
	if (typeof ref !== 'string') throw new Error(`${ENVELOPE}.ref must be the name of a MetaDef`)
	const meta = metas.findLast(({ name }) => name === ref)
	if (!meta) {
		const defined = metas.map(({ name }) => JSON.stringify(name)).join(', ')
		throw new Error(`${ENVELOPE}.ref names an undefined MetaDef: '${ref}' (defined: [${defined}])`)
	}
	if (!isJsonObject(meta.ctx)) throw new Error(`${ENVELOPE}.ref '${ref}': the ctx of that MetaDef is not an object`)
	return meta.ctx
}

function inlined(inline: Json | undefined): JsonObject {
	if (inline === undefined || inline === null) return {}
	if (!isJsonObject(inline)) throw new Error(`${ENVELOPE}.inline must be an object`)
	return inline
}
