import { expect, test } from 'bun:test'
import { lintBlueprint } from '../../../src/core/blueprint/lint.ts'
import type { Json } from '../../../src/kernel/json.ts'
import { lit, path, seq, step } from '../../support/blueprints.ts'
import { parsedBlueprint } from '../../support/parsed-blueprint.ts'

const KINDS = new Set(['operator', 'subprocess', 'agent_block'])
const found = (system_prompt: string, input: Json, over: object = {}) => {
	const agents = [{ name: 'a', kind: 'operator', spec: { operator_ref: 'o' }, profile: { system_prompt }, ...over }]
	const blueprint = parsedBlueprint({
		...{ id: 'x', flow: seq(step('a', input, '$.out')), operators: [{ name: 'o' }], agents },
		subprocesses: [{ name: 't', argv: ['x', '{system}'] }],
	})
	return lintBlueprint(blueprint, { knownKinds: KINDS }).map(({ code, level, path: at, message }) => [code, level, at, message])
}

test('a prompt that wants what its step does not give is a warning at the step', () => {
	const message = "the system prompt of agent 'a' wants gone, lost, and the input of this step does not have it"
	const warning = ['template-variable-missing', 'warn', '$.flow.children[0].in', message]
	const source = '{{ here }} {{ gone }} {% for one in lost %}{{ one }}{% endfor %}'
	expect(found(source, lit({ here: 1 }))).toEqual([warning])
	expect(found(source, lit('{"here": 1}'))).toEqual([warning])
	expect(found(source, lit({ here: 1, gone: null, lost: [] }))).toEqual([])
	const cli = { kind: 'subprocess', spec: null, runner: { backend: 'subprocess', template: 't' } }
	expect(found(source, lit({ here: 1 }), cli)).toEqual([warning])
	expect(found('{{ directive }}', lit('do it'))).toEqual([])
	expect(found('{{ directive }}', lit({ a: 1 }))).toHaveLength(1)
})

test('what may be missing, what shows only at run time and what is not rendered is none', () => {
	expect(found('{% if a is defined %}{{ a }}{% endif %}{{ b | default("none") }}', lit({}))).toEqual([])
	expect(found('{{ a }}', path('$.goal'))).toEqual([])
	expect(found('{{ a }}', lit({ $step_meta: {}, $in: { a: 1 } }))).toEqual([])
	expect(found('{{ a }}', lit({}), { kind: 'agent_block', spec: {} })).toEqual([])
})

test('a prompt that is no template is a warning at the prompt, with what is wrong', () => {
	const [[code, level, at, message] = []] = found('{% if x %}', lit({ x: 1 }))
	expect([code, level, at]).toEqual(['template-syntax-error', 'warn', '$.agents[0].profile.system_prompt'])
	expect(message).toStartWith("the system prompt of agent 'a' fails every step: template syntax error: ")
})
