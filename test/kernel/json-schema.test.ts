import { expect, test } from 'bun:test'
import { schemaFault, valueFault } from '../../src/kernel/json-schema.ts'

const schema = {
	$schema: 'http://json-schema.org/draft-07/schema#',
	type: 'object',
	properties: { n: { type: 'integer', format: 'odd' } },
	required: ['n'],
}

test('a schema of any draft, or a boolean, is one', () => {
	expect([schema, {}, true, { $id: 'https://example.org/x', $async: true, type: 'null' }].map(schemaFault)).toEqual([
		null,
		null,
		null,
		null,
	])
})

test('what is none says why', () => {
	for (const wrong of [
		'text',
		null,
		7,
		[],
		{ type: 'sentence' },
		{ properties: 7 },
		{ $ref: 'https://example.org/other' },
		{ pattern: '(' },
	])
		expect(schemaFault(wrong as never)).toMatch(/.{10,}/)
})

test('a value that does not fit says where', () => {
	expect(valueFault(schema, { n: 3 })).toBeNull()
	expect(valueFault(schema, { n: 'three' })).toBe('n must be integer')
	expect(valueFault(schema, {})).toBe("it must have required property 'n'")
	expect(valueFault({ type: 'array', items: { type: 'null' } }, [null, 1])).toBe('1 must be null')
	expect(valueFault(false, 1)).not.toBeNull()
	expect(valueFault({ type: 'sentence' }, 1)).not.toBeNull()
	expect(valueFault({ $async: true, type: 'null' }, 1)).toBe('it must be null')
})
