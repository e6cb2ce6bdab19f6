import { type Static, type TSchema, type TUnsafe, Type } from '@sinclair/typebox'

/** Any JSON, as a document may hold it. */
export type AnyJson = null | boolean | number | string | readonly AnyJson[] | { readonly [key: string]: AnyJson }

/** Marks a field that mlua-swarm leaves out of its output when it is unset or empty. Not part of the JSON Schema. */
export const writtenIfSet: unique symbol = Symbol('written if set')
/** Marks a key of ours that mlua-swarm does not know. Not part of the JSON Schema. */
export const extension: unique symbol = Symbol('extension')

/** Must be in the document. */
export function required<S extends TSchema>(description: string, schema: S): S {
	return { ...schema, description }
}

/** May be left out and then has this value, so a parsed document always has it. */
export function defaulted<S extends TSchema>(description: string, schema: S, value: unknown): S {
	return presentWhenParsed(Type.Optional({ ...schema, description, default: value }))
}

/** Like `defaulted`, but not written while it has its default. */
export function ifFilled<S extends TSchema>(description: string, schema: S, value: unknown): S {
	return presentWhenParsed({ ...defaulted(description, schema, value), [writtenIfSet]: true })
}

/** May be left out or null; a parsed document has null then. */
export function nullable<S extends TSchema>(description: string, schema: S): TUnsafe<Static<S> | null> {
	return presentWhenParsed(Type.Optional({ ...Type.Union([schema, Type.Null()]), description, default: null }))
}

/** May be left out or null; a parsed document does not have the key then. */
export function ifSet<S extends TSchema>(description: string, schema: S) {
	const union = Type.Unsafe<Static<S>>(Type.Union([schema, Type.Null()]))
	return Type.Optional({ ...union, description, [writtenIfSet]: true })
}

/** Like `ifSet`, for a key of ours. */
export function ours<S extends TSchema>(description: string, schema: S) {
	return { ...ifSet(description, schema), [extension]: true }
}

/** Any JSON; null when left out. */
export const AnyValue = Type.Unsafe<AnyJson>(Type.Any())

/** One of these words, exactly. */
export function oneOf<const Words extends readonly string[]>(words: Words) {
	return Type.Unsafe<Words[number]>(Type.Union(words.map((word) => Type.Literal(word))))
}

/** An object told by the word at `tag`. */
export function taggedBy<Members extends TSchema[]>(tag: string, title: string, members: [...Members]) {
	return Type.Union(members, { title, discriminator: { propertyName: tag } })
}

/** Whole number from `minimum` on. `title` names the range in messages. */
export function wholeNumber(minimum = 0) {
	return Type.Integer({ minimum, maximum: Number.MAX_SAFE_INTEGER, title: minimum === 0 ? 'u64' : `a whole number from ${minimum} on` })
}

/** A list of strings. */
export const Strings = Type.Array(Type.String())

/** An object without other keys than these. */
export function closed<P extends Record<string, TSchema>>(title: string, properties: P) {
	return Type.Object(properties, { title, additionalProperties: false })
}

/** The schema says optional, for authors; the type says present, because the parser writes defaults in. */
function presentWhenParsed<S extends TSchema>(schema: TSchema): S {
	return schema as S
}
