import { KindGuard, type TObject, type TSchema, type TUnion } from '@sinclair/typebox'
import { isJsonObject, type JsonObject } from '../../kernel/json.ts'
import { writtenIfSet } from '../../protocol/blueprint-field.ts'
import type { Diagnostic } from './diagnostic.ts'
import { expected, type Finding, missingField, unknownField, unknownVariant } from './flow-wording.ts'
import { memberOf } from './json-path.ts'
import { outOfRange, semverProblem, wanted } from './shape-wording.ts'

export interface Reading {
	/** Grows as findings are made; nothing stops at the first. */
	readonly diagnostics: Diagnostic[]
	/** A reader for a schema that has its own parser. */
	readonly special: (schema: TSchema) => ((raw: unknown, at: string) => unknown) | undefined
}

/**
 * Reads `raw` as `schema` says, with defaults written in and unset keys left out. What does not fit is reported in the
 * words of mlua-swarm's parser; the value returned then is of no use.
 */
export function readValue(reading: Reading, schema: TSchema, raw: unknown, at: string): unknown {
	const special = reading.special(schema)
	if (special) return special(raw, at)
	if (KindGuard.IsAny(schema)) return raw
	if (KindGuard.IsUnion(schema)) return readUnion(reading, schema, raw, at)
	if (KindGuard.IsObject(schema)) return isJsonObject(raw) ? readObject(reading, schema, raw, at) : refuse(reading, schema, raw, at)
	if (KindGuard.IsArray(schema)) {
		if (!Array.isArray(raw)) return refuse(reading, schema, raw, at)
		return raw.map((item, index) => readValue(reading, schema.items, item, memberOf(at, index)))
	}
	if (KindGuard.IsRecord(schema)) {
		const [member] = Object.values(schema.patternProperties)
		if (!isJsonObject(raw) || !member) return refuse(reading, schema, raw, at)
		return Object.fromEntries(Object.entries(raw).map(([key, value]) => [key, readValue(reading, member, value, memberOf(at, key))]))
	}
	return readScalar(reading, schema, raw, at)
}

function readObject(reading: Reading, schema: TObject, raw: JsonObject, at: string): unknown {
	const names = Object.keys(schema.properties)
	if (schema.additionalProperties === false)
		for (const key of Object.keys(raw))
			if (!Object.hasOwn(schema.properties, key)) report(reading, memberOf(at, key), unknownField(key, names))
	const value: Record<string, unknown> = {}
	for (const [key, property] of Object.entries(schema.properties)) {
		const read = readProperty(reading, schema, key, property, raw, at)
		if (read !== undefined) value[key] = read
	}
	return value
}

function readProperty(reading: Reading, schema: TObject, key: string, property: TSchema, raw: JsonObject, at: string): unknown {
	const path = memberOf(at, key)
	const value: unknown = Object.hasOwn(raw, key) ? raw[key] : undefined
	if (value !== undefined) {
		if (value === null && writtenIfSet in property && !('default' in property)) return undefined
		return readValue(reading, property, value, path)
	}
	if (schema.required?.includes(key)) report(reading, at, { ...missingField(key), hint: `\`${key}\`: ${property.description}` })
	else if ('default' in property) return readValue(reading, property, property.default, path)
	return undefined
}

function readUnion(reading: Reading, schema: TUnion, raw: unknown, at: string): unknown {
	const others = schema.anyOf.filter((member) => !KindGuard.IsNull(member))
	if (raw === null && others.length < schema.anyOf.length) return null
	const [only] = others
	if (only && others.length === 1) return readValue(reading, only, raw, at)
	if (schema.discriminator) return readTagged(reading, schema, schema.discriminator.propertyName, raw, at)
	const objects = others.find((member) => KindGuard.IsObject(member))
	if (objects && isJsonObject(raw)) return readValue(reading, objects, raw, at)
	if (typeof raw !== 'string') return refuse(reading, schema, raw, at)
	return readVariant(reading, wordsOf(others), raw, at) ? raw : undefined
}

function readTagged(reading: Reading, schema: TUnion, tag: string, raw: unknown, at: string): unknown {
	if (!isJsonObject(raw)) return refuse(reading, schema, raw, at)
	const word = raw[tag]
	const members = schema.anyOf.filter((member): member is TObject => KindGuard.IsObject(member))
	const words = members.map((member) => String(member.properties[tag]?.const))
	if (word === undefined) return report(reading, at, missingField(tag, words))
	if (typeof word !== 'string') return report(reading, memberOf(at, tag), expected(word, 'variant identifier'))
	const member = members[words.indexOf(word)]
	if (!readVariant(reading, words, word, memberOf(at, tag)) || !member) return undefined
	return readObject(reading, member, raw, at)
}

function readVariant(reading: Reading, words: readonly string[], word: string, at: string): boolean {
	if (words.includes(word)) return true
	report(reading, at, unknownVariant(word, words))
	return false
}

function readScalar(reading: Reading, schema: TSchema, raw: unknown, at: string): unknown {
	if (KindGuard.IsLiteral(schema)) return raw === schema.const ? raw : refuse(reading, schema, raw, at)
	if (KindGuard.IsBoolean(schema)) return typeof raw === 'boolean' ? raw : refuse(reading, schema, raw, at)
	if (KindGuard.IsString(schema)) {
		if (typeof raw !== 'string') return refuse(reading, schema, raw, at)
		if (schema.pattern === undefined || new RegExp(schema.pattern).test(raw)) return raw
		return report(reading, at, { code: 'invalid-value', message: semverProblem(raw), hint: 'Write it as MAJOR.MINOR.PATCH.' })
	}
	if (typeof raw !== 'number' || (KindGuard.IsInteger(schema) && !Number.isInteger(raw))) return refuse(reading, schema, raw, at)
	const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = schema
	if (raw >= minimum && raw <= maximum) return raw
	return report(reading, at, { code: 'invalid-value', message: outOfRange(raw, schema), hint: null })
}

const refuse = (reading: Reading, schema: TSchema, raw: unknown, at: string): undefined =>
	report(reading, at, expected(raw, wanted(schema)))

function report(reading: Reading, path: string, finding: Finding): undefined {
	reading.diagnostics.push({ level: 'error', path, ...finding })
}

const wordsOf = (members: readonly TSchema[]): string[] =>
	members.filter((member) => KindGuard.IsLiteral(member)).map((member) => String(member.const))
