import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Framing, newDecoder } from '../../../src/backend/process/framing.ts'

/** What a decoder makes of these bytes when they come in pieces of this size. */
function decode(framing: Framing, bytes: Uint8Array, size: number): string[] {
	const decoder = newDecoder(framing)
	const texts: string[] = []
	for (let at = 0; at < bytes.length; at += size) texts.push(...decoder.push(bytes.subarray(at, at + size)))
	return [...texts, ...decoder.end()]
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

const cases: readonly [string, Framing, string, string[]][] = [
	['lines, with and without a carriage return, blank ones left out', 'ndjson_lines', 'a\r\n\n  \nb\nc', ['a', 'b', 'c']],
	['an event of several data lines', 'sse_events', 'data: a\ndata:b\n\ndata: c\n\n', ['a\nb', 'c']],
	['an event the end completes', 'sse_events', 'data: a\n\ndata: b', ['a', 'b']],
	['other fields and comments', 'sse_events', ': hi\nevent: x\nretry: 1\n\n\ndata: a\nid: 2\n\n', ['a']],
	['carriage returns', 'sse_events', 'data: a\r\n\r\ndata: b\r\n\r\n', ['a', 'b']],
	['lengths', 'length_prefixed', '\0\0\0\u0002ab\0\0\0\u0003cde', ['ab', 'cde']],
	['a length that is not filled', 'length_prefixed', '\0\0\0\u0002ab\0\0\0\u0009cd', ['ab']],
]
for (const [title, framing, text, texts] of cases)
	test(`${framing}: ${title}`, () => {
		for (const size of [1, 2, 3, 5, 1000]) expect(decode(framing, bytesOf(text), size)).toEqual(texts)
	})

test('how the bytes are cut makes no difference', () => {
	const framings = fc.constantFrom<Framing>('ndjson_lines', 'sse_events', 'length_prefixed')
	const texts = fc.array(fc.constantFrom('data: ö😀', '\n', '\r\n', '\0\0\0\u0001', 'x', '{"a":1}', 'data:'), { maxLength: 30 })
	fc.assert(
		fc.property(framings, texts, fc.integer({ min: 1, max: 9 }), (framing, parts, size) => {
			const bytes = bytesOf(parts.join(''))
			expect(decode(framing, bytes, size)).toEqual(decode(framing, bytes, bytes.length + 1))
		}),
	)
})
