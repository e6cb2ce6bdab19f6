import type { TObject } from '@sinclair/typebox'
import { isJsonObject } from '../../kernel/json.ts'

/** The schema as clients get it, which is in front of a model all the time: words as an enum, and no examples. */
export function toInputSchema(schema: TObject): { readonly type: 'object'; readonly [key: string]: unknown } {
	return { ...compact(schema), type: 'object' }
}

function compact(schema: object): { readonly [key: string]: unknown } {
	const kept = Object.entries(schema).filter(([key]) => key !== 'examples')
	return withEnum(withMembers(Object.fromEntries(kept.map(([key, value]) => [key, inside(value)]))))
}

function inside(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(inside)
	return isJsonObject(value) ? compact(value) : value
}

/** An object of any keys, in the spelling that every client reads. */
function withMembers(schema: { readonly [key: string]: unknown }): { readonly [key: string]: unknown } {
	const { patternProperties, ...rest } = schema
	if (!isJsonObject(patternProperties)) return schema
	return { ...rest, additionalProperties: patternProperties['^(.*)$'] ?? true }
}

function withEnum(schema: { readonly [key: string]: unknown }): { readonly [key: string]: unknown } {
	const { anyOf, ...rest } = schema
	if (!Array.isArray(anyOf)) return schema
	const words = anyOf.flatMap((member) => ('enum' in member ? member.enum : 'const' in member ? [member.const] : [undefined]))
	return words.every((word) => typeof word === 'string') ? { ...rest, type: 'string', enum: words } : schema
}
