import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { displayPath, parsePath } from '../../../src/core/blueprint/path.ts'

const shown = (text: string): string => {
	const parsed = parsePath(text)
	return 'path' in parsed ? parsed.path.text : `! ${parsed.reason}`
}

describe('path text', () => {
	const unchanged = ['$', '$.a', '$.a.b', '$.a b', '$.a-b', '$.日本', '$.0', '$.$', '$.a"b', '$["a[b"]', '$["a]b"]']
	for (const text of unchanged) test(`${text} is its own canonical form`, () => expect(shown(text)).toBe(text))

	const rewritten = {
		'$["a"]': '$.a',
		'$["a"].b': '$.a.b',
		'$.a["b"]': '$.a.b',
		'$.a.["b"]': '$.a.b',
		'$.["b"]': '$.b',
		'$["a.b"]["c"]': '$["a.b"].c',
		'$.a["b"]["c"].d': '$.a.b.c.d',
		'$.a]b': '$["a]b"]',
		'$["with space"]': '$.with space',
		ctx: '$',
		'ctx.a': '$.a',
		'ctx["a.b"].c': '$["a.b"].c',
	}
	for (const [text, canonical] of Object.entries(rewritten)) test(`${text} is ${canonical}`, () => expect(shown(text)).toBe(canonical))

	const start = "path must start with '$'"
	const afterRoot = "expected '.', '[', or end-of-string right after '$'"
	const empty = "empty path segment (leading, trailing, or consecutive '.')"
	const quote = "expected '\"' after '['"
	const refused = {
		'': start,
		a: start,
		'.a': start,
		' $.a': start,
		ctxa: start,
		$a: afterRoot,
		'$ .a': afterRoot,
		'$.': "trailing '.' with no segment after it",
		'$..a': empty,
		'$.a.': empty,
		'$.a..b': empty,
		'$.a["b"].': 'empty path segment',
		'$.a[0]': quote,
		"$.a['b']": quote,
		'$.a[': quote,
		'$[': quote,
		'$.a[]': quote,
		'$.a["b]': 'unterminated bracket segment',
		'$.a["b"': "missing closing ']' after key",
		'$.a["x"y"]': "missing closing ']' after key",
		'$.a[""]': 'empty bracket key',
		'$["a"]b': "expected '.' or '[' after bracket segment",
	}
	for (const [text, reason] of Object.entries(refused))
		test(`${text || '(empty)'} is refused: ${reason}`, () => expect(shown(text)).toBe(`! ${reason}`))

	test('more than 512 keys are refused with both numbers', () => {
		expect(shown(`$${'.a'.repeat(513)}`)).toBe('! it has 513 keys, at most 512 are allowed')
	})

	test('whatever parses has a canonical form that parses to the same keys', () => {
		const text = fc.string({ unit: fc.constantFrom('.', '[', ']', '"', '$', 'a', ' ', '日') }).map((rest) => `$${rest}`)
		fc.assert(
			fc.property(text, (source) => {
				const parsed = parsePath(source)
				if (!('path' in parsed)) return
				expect(parsePath(parsed.path.text)).toEqual(parsed)
				expect(displayPath(parsed.path.keys)).toBe(parsed.path.text)
			}),
			{ numRuns: 2_000 },
		)
	})
})
