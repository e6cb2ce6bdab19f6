import { KindGuard, type TSchema } from '@sinclair/typebox'
import { isJsonObject, type Json } from '../../kernel/json.ts'
import { BlueprintSchema } from '../../protocol/blueprint.ts'
import { extension } from '../../protocol/blueprint-field.ts'
import { keysOf, memberOf } from './json-path.ts'
import { memberFor } from './schema-member.ts'

export interface SplitDocument {
	/** The document without keys of ours, so that strict clients of mlua-swarm can read it. */
	readonly blueprint: Json
	/** What was taken out, by its JSON path in the document: `{"$.agents[0].policy": {…}}`. */
	readonly extensions: { readonly [path: string]: Json }
}

/** Takes our keys out of a stored document. Everything else stays as it was sent, order and spelling included. */
export function splitExtensions(document: Json): SplitDocument {
	const extensions: Record<string, Json> = {}
	return { blueprint: strip(BlueprintSchema, document, '$', extensions), extensions }
}

function strip(schema: TSchema, value: Json, at: string, extensions: Record<string, Json>): Json {
	if (KindGuard.IsUnion(schema)) {
		const member = memberFor(schema, value)
		return member ? strip(member, value, at, extensions) : value
	}
	if (KindGuard.IsArray(schema) && Array.isArray(value))
		return value.map((item, index) => strip(schema.items, item, memberOf(at, index), extensions))
	if (!KindGuard.IsObject(schema) || !isJsonObject(value)) return value
	const kept: [string, Json][] = []
	for (const [key, item] of Object.entries(value)) {
		const property = Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined
		const path = memberOf(at, key)
		if (property && extension in property) extensions[path] = item
		else kept.push([key, property ? strip(property, item, path, extensions) : item])
	}
	return Object.fromEntries(kept)
}

/** The document that `splitExtensions` took apart, as far as its meaning goes: our keys stand last where they belong. */
export function joinExtensions({ blueprint, extensions }: SplitDocument): Json {
	return Object.entries(extensions).reduce((document, [path, value]) => put(document, keysOf(path), value), blueprint)
}

function put(document: Json, [key, ...rest]: readonly (string | number)[], value: Json): Json {
	if (key === undefined) return value
	if (Array.isArray(document)) return document.map((item, index) => (index === key ? put(item, rest, value) : item))
	return isJsonObject(document) ? { ...document, [key]: put(document[key] ?? null, rest, value) } : document
}
