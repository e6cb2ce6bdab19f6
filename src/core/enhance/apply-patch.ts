import { Value } from '@sinclair/typebox/value'
import { inc, valid } from 'semver'
import { parse as parseYaml, stringify } from 'yaml'
import { messageOf } from '../../kernel/error.ts'
import { sha256Hex } from '../../kernel/hash.ts'
import { canonicalJson, isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts'
import { type PatchAnswer, PatchAnswerSchema } from '../../protocol/enhance.ts'
import { promptHash } from '../blueprint/agent-md.ts'
import { patchDocument } from '../blueprint/document-patch.ts'
import { blueprintHash } from '../blueprint/normal-form.ts'
import { parseBlueprint } from '../blueprint/parse.ts'

/**
 * The step `patch-applier`: the context of an enhance run to what mlua-swarm 0.1.0 calls `applied`. A patch that is none or that
 * cannot be applied leaves the document as it was and is told as `problem`. Throws an Error for a context that no enhance run has.
 */
export function applyPatch(ctx: Json): JsonObject {
	if (!isJsonObject(ctx) || typeof ctx.prev_bp_yaml !== 'string') throw new Error('patch-applier: prev_bp_yaml (string) is missing')
	const { prev_bp_yaml: yaml, prev_hash = null, epoch_id = null } = ctx
	const patch = answerOf(ctx.patch ?? null)
	const previous = parseYaml(yaml) as Json
	const { document, problem } = patched(previous, patch)
	return {
		...{ prev_bp_yaml: yaml, prev_bp_json: previous, prev_hash, patch, epoch_id },
		...{ new_bp_yaml: stringify(document, { lineWidth: 0, aliasDuplicateObjects: false }), new_bp_json: document },
		new_hash: versionOf(document),
		...(problem !== undefined && { problem }),
	}
}

/** What was answered, without the parts that were staged beside it. */
function answerOf(value: Json): Json {
	const isWithParts = isJsonObject(value) && Object.keys(value).length === 2 && isJsonObject(value.parts)
	return isWithParts ? (value.out ?? value) : value
}

function patched(previous: Json, patch: Json): { readonly document: Json; readonly problem?: string } {
	try {
		const { ops, bump } = readPatch(patch)
		const document = patchDocument(previous, ops, ({ op, path }, so_far) => {
			const [, index] = ((op === 'add' || op === 'replace') && PROMPT_PATH.exec(path)) || []
			if (index !== undefined) rehash(so_far, Number(index))
		})
		if (canonicalJson(document) === canonicalJson(previous)) return { document: previous }
		if (memberOf(document, 'id') !== memberOf(previous, 'id')) throw new Error('it changes the id of the Blueprint')
		return { document: bumped(document, memberOf(memberOf(previous, 'metadata'), 'version_label'), bump) }
	} catch (thrown) {
		return { document: previous, problem: messageOf(thrown) }
	}
}

const PROMPT_PATH = /^\/agents\/(\d+)\/profile\/system_prompt$/

function readPatch(patch: Json): PatchAnswer {
	if (Value.Check(PatchAnswerSchema, patch)) return patch
	const first = Value.Errors(PatchAnswerSchema, patch).First()
	throw new Error(`the answer is no {ops, bump, rationale}: ${first?.path || 'it'}: ${first?.message}`)
}

/** The document is a copy that nobody else has. */
function rehash(document: Json, index: number): void {
	const agents = memberOf(document, 'agents')
	const profile = Array.isArray(agents) ? memberOf(agents[index], 'profile') : undefined
	if (isJsonObject(profile) && typeof profile.system_prompt === 'string')
		Object.assign(profile, { version_hash: promptHash(profile.system_prompt) })
}

/** The label moves from where it was, whatever the patch itself wrote there. A label that is no version counts as 0.0.0. */
function bumped(document: Json, label: Json | undefined, bump: PatchAnswer['bump']): Json {
	if (!isJsonObject(document)) return document
	const metadata = isJsonObject(document.metadata) ? document.metadata : {}
	const next = inc(valid(typeof label === 'string' ? label : null) ?? '0.0.0', bump)
	return { ...document, metadata: { ...metadata, version_label: next } }
}

/** Of a document that is no Blueprint it is the hash of its text, by which nothing can be stored. */
function versionOf(document: Json): string {
	const { blueprint } = parseBlueprint(document)
	return blueprint ? blueprintHash(blueprint) : sha256Hex(canonicalJson(document))
}

const memberOf = (value: Json | undefined, key: string): Json | undefined => (isJsonObject(value) ? value[key] : undefined)
