import { expect, test } from 'bun:test'
import { templateSyntaxError } from '../../src/kernel/template.ts'
import { templateVariables } from '../../src/kernel/template-variable.ts'

test('variables are what a template wants from outside, in order', () => {
	const cases: [source: string, variables: string[]][] = [
		['no variables', []],
		['{{ a.b.c }} {{ d["e"] }} {{ f[g] }} {{ a }}', ['a', 'd', 'f', 'g']],
		['{{ a | default(b) | upper }} {% filter indent(c) %}x{% endfilter %}', ['a', 'b', 'c']],
		['{% for k, v in items.all() if v is defined and v != other %}{{ k }}{{ loop.index }}{% endfor %}', ['items', 'other']],
		['{% if not done and x %}{% elif true %}{{ y }}{% else %}{{ none }}{% endif %}', ['done', 'x', 'y']],
		['{% set z = q %}{{ z ~ u }}', ['q', 'u']],
		['{% macro m(x, y=d) %}{{ x }}{{ y }}{% endmacro %}{{ m(1, w=t) }}', ['d', 't']],
		['{{ {"k": v}["k"] }} {{ range(n) }} {# {{ comment }} #}', ['v', 'n']],
	]
	for (const [source, variables] of cases) expect([source, templateVariables(source)]).toEqual([source, variables])
	expect(templateVariables('{{ a')).toBeUndefined()
})

test('a template that cannot be read says why, and missing variables are no fault of it', () => {
	expect(templateSyntaxError('Hello {{ name }}')).toBeNull()
	expect(templateSyntaxError('{% if %}')).toStartWith('template syntax error: ')
	expect(templateSyntaxError('{{ a')).toStartWith('template syntax error: ')
	expect(templateSyntaxError('still fine {{ b }}')).toBeNull()
})
