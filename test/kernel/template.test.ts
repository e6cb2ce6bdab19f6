import { describe, expect, test } from 'bun:test'
import type { Json, JsonObject } from '../../src/kernel/json.ts'
import { promptSlots, renderTemplate } from '../../src/kernel/template.ts'
import { verifies } from '../support/verifies.ts'

describe('a template renders', () => {
	const rendered: readonly [string, JsonObject, string][] = [
		['Hello {{ name }}', { name: 'Ada' }, 'Hello Ada'],
		['{{ name|upper }}', { name: 'ada' }, 'ADA'],
		['{% if urgent %}now{% else %}later{% endif %}', { urgent: false }, 'later'],
		['{% for x in xs %}{{ loop.index }}={{ x }};{% endfor %}', { xs: ['a', 2] }, '1=a;2=2;'],
		['{{ a.b.c }}', { a: { b: { c: 'deep' } } }, 'deep'],
		['{{ html }}', { html: '<b>&"' }, '<b>&"'],
		['{% if gone is defined %}yes{% else %}no{% endif %}', {}, 'no'],
		['{% if empty %}yes{% else %}no{% endif %}', { empty: null }, 'no'],
		['{{ text }}', { text: 'größe 😀' }, 'größe 😀'],
	]
	for (const [source, slots, text] of rendered)
		test(source, () => {
			verifies('04.51')
			expect(renderTemplate(source, slots)).toBe(text)
		})
})

describe('a missing variable fails', () => {
	for (const source of [
		'{{ gone }}',
		'{% if gone %}{% endif %}',
		'{% for x in gone %}{% endfor %}',
		'{{ gone.name }}',
		'{{ constructor }}',
	])
		test(source, () => {
			verifies('04.51')
			expect(() => renderTemplate(source, {})).toThrow(/^template render failed: undefined value/)
		})
})

test('a syntax error is told in one line', () => {
	verifies('04.51')
	expect(() => renderTemplate('{% if x %}', {})).toThrow(/^template render failed: syntax error: [^\n]+$/)
})

test('a template that goes on for ever is stopped', () => {
	const source = '{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}'
	expect(() => renderTemplate(source, {})).toThrow('template render failed: engine ran out of fuel')
})

test('values nested too deep fail, and the next render is well', () => {
	for (const depth of [5000, 20_000]) {
		expect(() => renderTemplate('{{ deep }}', { deep: nested(depth) })).toThrow(/^template render failed: .*too deeply nested$/)
		expect(renderTemplate('Hello {{ name|upper }}', { name: 'Ada' })).toBe('Hello ADA')
	}
})

test('a prompt gives its members as variables, and anything else as the directive', () => {
	expect(promptSlots({ a: 1 })).toEqual({ a: 1 })
	expect(promptSlots('{"a":1}')).toEqual({ a: 1 })
	expect(promptSlots('do it')).toEqual({ directive: 'do it' })
	expect(promptSlots('[1]')).toEqual({ directive: '[1]' })
	expect(promptSlots([{ b: 1, a: 2 }])).toEqual({ directive: '[{"a":2,"b":1}]' })
})

function nested(depth: number): Json {
	let value: Json = 1
	for (let i = 0; i < depth; i++) value = [value]
	return value
}
