import type { Static, TObject } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { MseError } from './error.ts'
import { nearestName } from './nearest.ts'

/**
 * One table of the config file, such as `[llm.fast]`, in the shape its own part of the server wants. Throws `config_invalid`
 * naming the first key that is wrong and what its schema's description expects; no value is repeated, for it may be secret.
 */
export function parseConfigTable<T extends TObject>(path: readonly string[], schema: T, raw: unknown): Static<T> {
	if (Value.Check(schema, raw)) return raw
	const error = Value.Errors(schema, raw).First()
	const keys = (error?.path ?? '').split('/').slice(1)
	const where = [...path, ...keys].join('.')
	const known = Object.keys(schema.properties)
	if (keys.length === 1 && !known.includes(keys[0] ?? '')) throw invalid(`There is no key "${where}".${nearestName(keys[0] ?? '', known)}`)
	throw invalid(`${where} is not usable; expected ${error?.schema.description ?? 'another value'}.`)
}

function invalid(sentence: string): MseError {
	return new MseError('invalid', sentence, { code: 'config_invalid' })
}
