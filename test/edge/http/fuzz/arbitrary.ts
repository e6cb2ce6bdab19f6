import fc, { type Arbitrary } from 'fast-check'

export type Schema = { readonly [key: string]: unknown }

/** Below this the members of a union that lead further down are no longer drawn. */
const DEEPEST = 5

/** Keys by which a document reaches for the machine under the server: what is drawn for them does no harm there. */
const HARMLESS: { readonly [key: string]: readonly unknown[] } = {
	command: ['true', '/nonexistent/program'],
	argv: [['true'], ['/nonexistent/program', 'x']],
	args: [[], ['x']],
	env: [{}, { A: 'b' }],
	cwd: ['/nonexistent/folder'],
	project_root: ['/nonexistent/folder', null],
	work_dir: ['/nonexistent/folder', null],
	root: ['work_dir', 'project_root'],
	dir_template: ['{task_id}'],
	timeout_secs: [1],
	max: [0, 1, 3],
}
export const isHarmless = (key: string): boolean => Object.hasOwn(HARMLESS, key)

const WORDS = [
	'identity',
	'hello',
	'greeter',
	'main',
	'default',
	'$.a',
	'$.a.b[0]',
	'1.0.0',
	'pass',
	'',
	'é',
	'\u0000',
	'\ud800',
	'__proto__',
]

/** Values that a JSON Schema describes. References are looked up in `schemas`. Drawn lazily, since schemas are recursive. */
export function arbitraryOf(schemas: { readonly [name: string]: Schema }, schema: Schema, key = '', depth = 0): Arbitrary<unknown> {
	const below = (child: unknown, name: string): Arbitrary<unknown> => arbitraryOf(schemas, child as Schema, name, depth + 1)
	if (Object.hasOwn(HARMLESS, key)) return fc.constantFrom(...(HARMLESS[key] ?? []))
	if (typeof schema.$ref === 'string') return below(schemas[schema.$ref.replace('#/components/schemas/', '')] ?? {}, '')
	if (schema.const !== undefined) return fc.constant(schema.const)
	if (Array.isArray(schema.anyOf)) return oneOf(depth > DEEPEST ? shallow(schema.anyOf) : schema.anyOf, (member) => below(member, key))
	if (schema.type === 'array')
		return fc.nat({ max: depth > DEEPEST ? 1 : 3 }).chain((n) => fc.tuple(...Array.from({ length: n }, () => below(schema.items, ''))))
	if (schema.type === 'object') return objectOf(schema, below)
	return leafOf(schema)
}

const oneOf = <T>(members: readonly T[], draw: (member: T) => Arbitrary<unknown>): Arbitrary<unknown> =>
	fc.constantFrom(...members).chain((member) => draw(member))

function shallow(members: readonly Schema[]): readonly Schema[] {
	const flat = members.filter((member) => !JSON.stringify(member).includes('"$ref"'))
	return flat.length > 0 ? flat : members.slice(0, 1)
}

function objectOf(
	{ properties = {}, required = [], additionalProperties }: Schema,
	below: (child: unknown, name: string) => Arbitrary<unknown>,
) {
	const keys = Object.keys(properties as object)
	const drawn = fc.tuple(...keys.map((key) => fc.boolean().map((isThere) => isThere || (required as string[]).includes(key))))
	return drawn.chain((there) => {
		const model = Object.fromEntries(keys.filter((_, at) => there[at]).map((key) => [key, below((properties as Schema)[key], key)]))
		if (keys.length > 0 || typeof additionalProperties !== 'object') return fc.record(model)
		return fc.dictionary(fc.constantFrom(...WORDS), below(additionalProperties, ''), { maxKeys: 2 })
	})
}

function leafOf({ type, pattern, minimum = 0, maximum, maxLength = 40, minLength = 0 }: Schema): Arbitrary<unknown> {
	const low = minimum as number
	const high = (maximum as number | undefined) ?? Number.MAX_SAFE_INTEGER
	if (type === 'integer') return fc.oneof(fc.constantFrom(low, low + 1, high), fc.integer({ min: low, max: Math.min(high, low + 5) }))
	if (type === 'number') return fc.oneof(fc.constantFrom(low, 1e308), fc.double({ min: low, max: high, noNaN: true }))
	if (type === 'boolean') return fc.boolean()
	if (type === 'null') return fc.constant(null)
	if (type !== 'string') return fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom<unknown>(...WORDS))
	if (typeof pattern === 'string') return fc.stringMatching(new RegExp(pattern)).map((text) => text.slice(0, 60))
	const text = fc.string({ maxLength: maxLength as number, minLength: minLength as number, unit: 'binary' })
	return fc.oneof(
		{ weight: 3, arbitrary: fc.constantFrom(...WORDS.filter((word) => word.length >= (minLength as number))) },
		{ weight: 1, arbitrary: text },
	)
}
