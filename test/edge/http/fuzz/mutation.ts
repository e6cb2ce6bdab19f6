import fc, { type Arbitrary } from 'fast-check'
import { isHarmless } from './arbitrary.ts'

/** What stands in the wrong place: other types, odd texts, extremes. */
const WRONG: readonly unknown[] = [
	...[
		null,
		true,
		-1,
		0,
		1.5,
		2 ** 53,
		1e308,
		'',
		'x',
		'\u0000',
		'\ud800',
		'true',
		'12',
		[],
		[[]],
		{},
		{ __proto__: 1 },
		{ constructor: {} },
	],
	...['x'.repeat(70_000), nested(400)],
]

/** The same value with one thing about it changed, somewhere inside. */
export function mutated(value: unknown): Arbitrary<unknown> {
	const places = placesOf(value)
	return fc
		.tuple(fc.constantFrom(...places), fc.constantFrom('replace', 'remove', 'add'), fc.nat(WRONG.length - 1))
		.map(([place, how, at]) => {
			const wrong = WRONG[at]
			if (how === 'add') return changed(value, place, (there) => (isRecord(there) ? { ...there, unheard_of: wrong } : wrong))
			return changed(value, place, () => (how === 'remove' ? undefined : wrong))
		})
}

/** Texts that are sent where JSON belongs. */
export const brokenTexts: readonly string[] = [
	'',
	'{',
	'{"a":',
	'null',
	'"\ud800"',
	'[1,]',
	`${'['.repeat(5000)}`,
	'{"__proto__":{"a":1}}',
	'\u0000',
	'NaN',
]

type Path = readonly (string | number)[]
const isRecord = (value: unknown): value is { readonly [key: string]: unknown } =>
	typeof value === 'object' && value !== null && !Array.isArray(value)

/** Not those whose value would reach for the machine. */
function placesOf(value: unknown, path: Path = [], found: Path[] = []): Path[] {
	found.push(path)
	if (found.length < 200 && path.length < 30) {
		if (Array.isArray(value)) for (const [at, item] of value.entries()) placesOf(item, [...path, at], found)
		else if (isRecord(value)) for (const [key, item] of Object.entries(value)) if (!isHarmless(key)) placesOf(item, [...path, key], found)
	}
	return found
}

function changed(value: unknown, [head, ...rest]: Path, change: (there: unknown) => unknown): unknown {
	if (head === undefined) return change(value)
	if (Array.isArray(value)) return value.map((item, at) => (at === head ? changed(item, rest, change) : item))
	return isRecord(value) ? { ...value, [head]: changed(value[head], rest, change) } : value
}

function nested(depth: number): unknown {
	return JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`)
}
