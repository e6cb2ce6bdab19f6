import type { TSchema } from '@sinclair/typebox'
import { blueprintJsonSchema } from '../../../protocol/blueprint.ts'
import { SwarmErrorSchema } from '../../../protocol/error.ts'
import { ClientMsgSchema, ServerMsgSchema } from '../../../protocol/operator-frame.ts'
import { RuntimeHttpErrorSchema } from '../../../protocol/runtime.ts'

type Plain = { readonly [key: string]: unknown }

/** Schemas that stand under a name in the document; a Blueprint is known by its title, the others by identity. */
const NAMED: readonly (readonly [TSchema, string])[] = [
	[SwarmErrorSchema, 'Error'],
	[RuntimeHttpErrorSchema, 'RuntimeError'],
	[ServerMsgSchema, 'ServerMsg'],
	[ClientMsgSchema, 'ClientMsg'],
]

/** A TypeBox schema as plain JSON Schema (2020-12, as OpenAPI 3.1 has it). */
export function toJsonSchema(schema: TSchema): Plain {
	const name = schema.title === 'Blueprint' ? 'Blueprint' : NAMED.find(([named]) => named === schema)?.[1]
	return name === undefined ? (plain(schema) as Plain) : { $ref: `#/components/schemas/${name}` }
}

/** What those names stand for. */
export function namedSchemas(): Plain {
	const { $defs, $schema, $id, ...blueprint } = blueprintJsonSchema()
	const named = Object.fromEntries(NAMED.map(([schema, name]) => [name, plain(schema)]))
	return { ...named, Blueprint: movedRefs(blueprint), ...(movedRefs($defs) as object) }
}

function plain(schema: unknown): unknown {
	if (Array.isArray(schema)) return schema.map(plain)
	if (typeof schema !== 'object' || schema === null) return schema
	if ('title' in schema && schema.title === 'Blueprint') return { $ref: '#/components/schemas/Blueprint' }
	const entries = Object.entries(schema).map(([key, value]) => (key === 'examples' ? [key, value] : [key, plain(value)]))
	const { patternProperties, ...rest } = Object.fromEntries(entries)
	const [any] = Object.values(patternProperties ?? {})
	return any === undefined ? rest : { ...rest, additionalProperties: any }
}

function movedRefs(schema: unknown): unknown {
	if (Array.isArray(schema)) return schema.map(movedRefs)
	if (typeof schema !== 'object' || schema === null) return schema
	return Object.fromEntries(
		Object.entries(schema).map(([key, value]) => [
			key,
			key === '$ref' && typeof value === 'string' ? value.replace('#/$defs/', '#/components/schemas/') : movedRefs(value),
		]),
	)
}
