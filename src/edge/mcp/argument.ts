import { OptionalKind, type Static, type TObject, type TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { MseError } from '../../kernel/error.ts'
import { isJsonObject, parseJson } from '../../kernel/json.ts'
import { nearestName } from '../../kernel/nearest.ts'

/**
 * The arguments of a tool. Models write numbers as text, JSON as text and null for nothing: what can only have been meant one
 * way is taken so. Throws `invalid` with code `invalid_params` that names the argument.
 */
export function parseArguments<Schema extends TObject>(schema: Schema, given: unknown): Static<Schema> {
	if (given !== undefined && !isJsonObject(given)) throw invalidParams('The arguments have to be an object.')
	const value = Object.fromEntries(
		Object.entries(given ?? {})
			.filter(([key, argument]) => !isAbsent(schema.properties[key], argument))
			.map(([key, argument]) => [key, meant(schema.properties[key], argument)]),
	)
	if (Value.Check(schema, value)) return value
	throw refuse(schema, value)
}

/** For what a tool finds wrong with its arguments itself. */
export const invalidParams = (message: string, hint?: string): MseError =>
	new MseError('invalid', message, { code: 'invalid_params', ...(hint !== undefined && { hint }) })

const isAbsent = (schema: TSchema | undefined, argument: unknown): boolean =>
	argument === null && schema !== undefined && OptionalKind in schema && !Value.Check(schema, null)

function meant(schema: TSchema | undefined, argument: unknown): unknown {
	if (schema === undefined || typeof argument !== 'string' || Value.Check(schema, argument)) return argument
	const parsed = parseJson(argument)
	return parsed !== undefined && Value.Check(schema, parsed) ? parsed : argument
}

function refuse(schema: TObject, value: object): MseError {
	const error = Value.Errors(schema, value).First()
	const path = error?.path.slice(1).replaceAll('/', '.') ?? ''
	const names = Object.keys(schema.properties)
	if (path !== '' && !path.includes('.') && !names.includes(path))
		return invalidParams(`There is no argument \`${path}\`.${nearestName(path, names)}`, `It takes ${names.join(', ') || 'none'}.`)
	if (error !== undefined && error.value === undefined) return invalidParams(`The argument \`${path}\` is missing.`)
	const { description } = error?.schema ?? {}
	return invalidParams(`The argument \`${path}\` does not fit: ${error?.message}.`, description && `It is ${description}.`)
}
