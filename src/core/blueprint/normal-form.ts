import { KindGuard, type TObject, type TSchema } from '@sinclair/typebox'
import { sha256Hex } from '../../kernel/hash.ts'
import { canonicalJson, isJsonObject, type Json } from '../../kernel/json.ts'
import { type Blueprint, BlueprintSchema } from '../../protocol/blueprint.ts'
import type { Node } from '../../protocol/flow.ts'
import { mapChildren } from './flow-walk.ts'
import { memberFor, recordMember } from './schema-member.ts'

/** SHA-256 (64 hex) of the normal form: the version of a document, the same however it was written down. */
export function blueprintHash(blueprint: Blueprint): string {
	return sha256Hex(normalForm(blueprint))
}

/**
 * Compact JSON with sorted keys in which a key equal to its default is left out, whether the document had it or not. So a
 * default that a later release adds changes no hash of today.
 */
export function normalForm(blueprint: Blueprint): string {
	return canonicalJson(reduce(BlueprintSchema, blueprint))
}

function reduce(schema: TSchema, value: unknown): Json {
	if (KindGuard.IsImport(schema)) return reduceFlow(value as Node) as Json
	if (KindGuard.IsUnion(schema)) {
		const member = memberFor(schema, value)
		return member && !KindGuard.IsNull(member) ? reduce(member, value) : (value as Json)
	}
	if (KindGuard.IsObject(schema) && isJsonObject(value)) return reduceObject(schema, value)
	if (KindGuard.IsArray(schema) && Array.isArray(value)) return value.map((item) => reduce(schema.items, item))
	const member = recordMember(schema)
	if (member && isJsonObject(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, reduce(member, item)]))
	return value as Json
}

function reduceObject(schema: TObject, value: { readonly [key: string]: unknown }): Json {
	const reduced: Record<string, Json> = {}
	for (const [key, property] of Object.entries(schema.properties)) {
		if (value[key] === undefined) continue
		const member = reduce(property, value[key])
		if (!('default' in property) || canonicalJson(member) !== canonicalJson(reduce(property, property.default))) reduced[key] = member
	}
	return reduced
}

function reduceFlow(node: Node): Node {
	const reduced = mapChildren(node, reduceFlow)
	if (reduced.kind !== 'try' || reduced.err_at !== null) return reduced
	const { err_at: _, ...rest } = reduced
	return rest
}
