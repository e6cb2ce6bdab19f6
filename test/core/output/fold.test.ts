import { describe, expect, test } from 'bun:test'
import { decideStep, skipMarker } from '../../../src/core/output/fold.ts'
import type { Json } from '../../../src/kernel/json.ts'
import type { OutputEvent } from '../../../src/protocol/output.ts'
import { verifies } from '../../support/verifies.ts'

const final = (value: Json, ok = true): { event: OutputEvent } => ({ event: { type: 'final', content: { kind: 'inline', value }, ok } })
const part = (name: string, value: Json): { event: OutputEvent } => ({
	event: { type: 'artifact', name, content: { kind: 'inline', value } },
})
const valueFrom = (value: Json, extra?: { readonly [key: string]: Json }) => decideStep([final(value)], extra ? { extra } : {})?.value

describe('what a tail decides', () => {
	test('nothing without a Final', () => {
		const chatter: { event: OutputEvent }[] = [{ event: { type: 'progress', stage: 's' } }, { event: { type: 'partial', chunk: 'c' } }]
		expect(decideStep([...chatter, part('a', 1)], {})).toBeNull()
	})

	test('the last Final gives value and ok', () => {
		verifies('04.33')
		expect(decideStep([final('a'), final('b', false)], {})).toEqual({ value: 'b', ok: false, skipped: false })
		expect(decideStep([final('b', false), final({ original: 'b' })], {})).toEqual({ value: { original: 'b' }, ok: true, skipped: false })
	})

	test('a Final in a file becomes a description of the file', () => {
		verifies('04.36')
		const event: OutputEvent = { type: 'final', content: { kind: 'file_ref', path: '/a' }, ok: true }
		expect(decideStep([{ event }], {})?.value).toEqual({ file_ref: '/a', mime: null, size_hint: null })
	})

	test('staged parts stand beside the value, the last of a name counts, those of auditors never', () => {
		verifies('04.65', '06.37')
		const tail = [part('p', 'old'), part('audit:writer', { bad: true }), final('x'), part('p', '{"a":1}')]
		expect(decideStep(tail, {})?.value).toEqual({ out: 'x', parts: { p: { a: 1 } } })
		expect(decideStep([part('audit:writer', 1), final('x')], {})?.value).toBe('x')
	})

	test('text that is a JSON container becomes structure, also in a fence', () => {
		verifies('04.66', '06.38')
		expect(valueFrom(' {"a": [1]}')).toEqual({ a: [1] })
		expect(valueFrom('[]')).toEqual([])
		expect(valueFrom('```json\n{"a":1}\n```')).toEqual({ a: 1 })
		expect(valueFrom('\n~~~\n[1]\n~~~\n')).toEqual([1])
	})

	test('scalars, prose and broken JSON stay text', () => {
		for (const text of [
			'true',
			'42',
			'"x"',
			'null',
			'',
			'{broken',
			'[1',
			'see {"a":1}',
			'```json\n42\n```',
			'```\n{"a":1}',
			'```{"a":1}```',
		])
			expect(valueFrom(text)).toBe(text)
	})

	test('submit_format text leaves everything as it came', () => {
		verifies('06.39')
		expect(valueFrom('{"a":1}', { submit_format: 'text' })).toBe('{"a":1}')
		expect(valueFrom('{"a":1}', { submit_format: 'yaml' })).toEqual({ a: 1 })
	})

	test('a skip gives its value and no parts; a blocked marker is a plain value', () => {
		expect(decideStep([part('p', 1), final(skipMarker('why'))], {})).toEqual({ value: 'why', ok: true, skipped: true })
		expect(decideStep([final(skipMarker('why'), false)], {})?.skipped).toBe(false)
		expect(decideStep([final({ __mse_skip: 'yes' })], {})?.skipped).toBe(false)
	})
})
