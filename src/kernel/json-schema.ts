import { messageOf } from './error.ts'
import { isJsonObject, type Json, type JsonObject } from './json.ts'

type Ajv = import('ajv/dist/2020.js').Ajv2020
type Check = ReturnType<Ajv['compile']>

/** What keeps a value from being a JSON Schema (2020-12 and what earlier drafts have in common with it), as words; null when it is one. */
export function schemaFault(schema: Json): string | null {
	if (typeof schema === 'boolean') return null
	if (!isJsonObject(schema)) return 'a JSON Schema is an object'
	const meta = metaSchema()
	if (!meta.validateSchema(plain(schema))) return faultOf(meta.errors)
	const made = compile(schema)
	return typeof made === 'string' ? made : null
}

/** Where and how a value departs from a schema, as words; null when it fits. A schema that is none fits nothing. */
export function valueFault(schema: Json, value: Json): string | null {
	const check = compile(schema)
	if (typeof check === 'string') return check
	return check(value) ? null : faultOf(check.errors)
}

/** The schema itself is taken as it is: checking it costs more than all else. */
function compile(schema: Json): Check | string {
	if (!isJsonObject(schema) && typeof schema !== 'boolean') return 'a JSON Schema is an object'
	try {
		return newAjv().compile(isJsonObject(schema) ? plain(schema) : schema)
	} catch (thrown) {
		return messageOf(thrown).slice(0, 300)
	}
}

/** Names of a draft or of itself change nothing here; an asynchronous schema would answer with a promise. */
function plain({ $schema: _draft, $id: _id, $async: _async, ...schema }: JsonObject): JsonObject {
	return schema
}

function faultOf(errors: Ajv['errors']): string {
	const [first] = errors ?? []
	return `${first?.instancePath.slice(1).replaceAll('/', '.') || 'it'} ${first?.message ?? 'does not fit'}`
}

/** What says of schemas whether they are some, made with the first of them. */
const metaSchema = lazily(newAjv)

function lazily<T>(make: () => T): () => T {
	let made: T | undefined
	return () => {
		made ??= make()
		return made
	}
}

/** Loaded when the first schema comes: most servers never see one. */
function newAjv(): Ajv {
	const { Ajv2020 }: typeof import('ajv/dist/2020.js') = require('ajv/dist/2020.js')
	return new Ajv2020({ strict: false, validateSchema: false, validateFormats: false, logger: false })
}
