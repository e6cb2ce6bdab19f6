import { KindGuard, type TSchema } from '@sinclair/typebox'

/** What a schema wants, in the words of mlua-swarm's parser. */
export function wanted(schema: TSchema): string {
	if (KindGuard.IsObject(schema)) return `struct ${schema.title}`
	if (KindGuard.IsArray(schema)) return 'a sequence'
	if (KindGuard.IsRecord(schema)) return 'a map'
	if (KindGuard.IsBoolean(schema)) return 'a boolean'
	if (KindGuard.IsInteger(schema) || KindGuard.IsNumber(schema)) return rangeOf(schema)
	if (KindGuard.IsUnion(schema)) return schema.discriminator ? `internally tagged enum ${schema.title}` : 'string or map'
	return schema.title ?? 'a string'
}

/** Why a number of the right type does not do. */
export function outOfRange(value: number, schema: TSchema): string {
	const number = Number.isInteger(value) ? `integer \`${value}\`` : `floating point \`${value}\``
	return `invalid value: ${number}, expected ${rangeOf(schema)}`
}

/** Why a text is not a semantic version, worded as the parser of mlua-swarm words the common slips. */
export function semverProblem(text: string): string {
	if (text === '') return 'empty string, expected a semver version'
	const [core = ''] = text.split(/[-+]/, 1)
	const numbers = core.split('.')
	for (const [index, part] of ['major', 'minor', 'patch'].entries()) {
		const digits = numbers[index] ?? ''
		const odd = /[^0-9]/.exec(digits)?.[0]
		if (odd !== undefined) return `unexpected character '${odd}' while parsing ${part} version number`
		if (digits === '' || (part !== 'patch' && numbers.length === index + 1))
			return `unexpected end of input while parsing ${part} version number`
		if (digits.length > 1 && digits.startsWith('0')) return `invalid leading zero in ${part} version number`
	}
	return numbers.length > 3 ? "unexpected character '.' after patch version number" : 'invalid pre-release or build part of a version'
}

function rangeOf({ title, minimum, maximum }: TSchema): string {
	if (title !== undefined) return title
	return maximum === undefined ? `a number from ${minimum} on` : `a number from ${minimum} to ${maximum}`
}
