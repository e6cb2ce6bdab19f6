import { KindGuard, type TSchema } from '@sinclair/typebox'
import { isJsonObject, type Json } from '../../kernel/json.ts'
import { extension, writtenIfSet } from '../../protocol/blueprint-field.ts'
import { memberFor, recordMember } from './schema-member.ts'

/**
 * A parsed part of a document as mlua-swarm 0.26.0 would write it: fields in schema order, free JSON with sorted keys,
 * optional fields only where they say something, keys of ours left out. Needed where a digest covers its text.
 */
export function writtenForm(schema: TSchema, value: unknown): Json {
	if (KindGuard.IsUnion(schema)) {
		const member = memberFor(schema, value)
		return member && !KindGuard.IsNull(member) ? writtenForm(member, value) : (value as Json)
	}
	if (KindGuard.IsAny(schema)) return sorted(value as Json)
	if (KindGuard.IsArray(schema) && Array.isArray(value)) return value.map((item) => writtenForm(schema.items, item))
	const member = recordMember(schema)
	if (member && isJsonObject(value)) return sorted(value)
	if (!KindGuard.IsObject(schema) || !isJsonObject(value)) return value as Json
	const written: Record<string, Json> = {}
	for (const [key, property] of Object.entries(schema.properties)) {
		const item = value[key]
		if (item === undefined || extension in property) continue
		const form = writtenForm(property, item)
		if (!(writtenIfSet in property && 'default' in property && isEmpty(form))) written[key] = form
	}
	return written
}

const isEmpty = (value: Json): boolean =>
	Array.isArray(value) ? value.length === 0 : isJsonObject(value) && Object.keys(value).length === 0

function sorted(value: Json): Json {
	if (Array.isArray(value)) return value.map(sorted)
	if (!isJsonObject(value)) return value
	const keys = Object.keys(value).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
	return Object.fromEntries(keys.map((key) => [key, sorted(value[key] ?? null)]))
}
