import { describe, expect, test } from 'bun:test'
import { stepNames } from '../../../src/core/blueprint/step-names.ts'
import { lit, path, seq, step } from '../../support/blueprints.ts'
import { fn, parsedBlueprint } from '../../support/parsed-blueprint.ts'
import { verifies } from '../../support/verifies.ts'

const namesOf = (flow: object, agents: object[] = []) => stepNames(parsedBlueprint({ id: 'm', flow, agents }))
const writes = (ref: string, at: string) => step(ref, lit(null), at)
const named = (name: string, projection_name: string): object => fn(name, { meta: { projection_name } })

describe('the names of a step', () => {
	test('are its ref and the first keys of what it writes', () => {
		verifies('04.83')
		const { steps, refs, diagnostics } = namesOf(seq(writes('a', '$.x'), writes('a', '$.y.z'), writes('b', '$["k.1"]')))
		expect(steps).toEqual([
			{ ref: 'a', canonical: 'a', aliases: ['a', 'x', 'y'] },
			{ ref: 'b', canonical: 'b', aliases: ['b', 'k.1'] },
		])
		expect(refs.get('y')).toBe('a')
		expect(diagnostics).toEqual([])
	})

	test('are found in every kind of node', () => {
		const lane = {
			kind: 'fanout',
			items: { op: 'lit', value: [] },
			bind: path('$.i'),
			body: writes('f', '$.f1'),
			join: 'all',
			out: path('$.o'),
		}
		const loop = { kind: 'loop', counter: path('$.n'), cond: { op: 'lit', value: true }, body: writes('l', '$.l1'), max: 1 }
		const tried = { kind: 'try', body: lane, catch: loop }
		const branch = { kind: 'branch', cond: { op: 'lit', value: true }, then: tried, else: writes('e', '$.e1') }
		expect(namesOf(branch).steps.map(({ ref }) => ref)).toEqual(['f', 'l', 'e'])
	})

	test('put a declared name first', () => {
		expect(namesOf(writes('a', '$.x'), [named('a', 'report')]).steps[0]).toEqual({ ref: 'a', canonical: 'report', aliases: ['a', 'x'] })
	})

	test('do not include a nested key that anybody else claims', () => {
		const { steps, diagnostics } = namesOf(seq(writes('a', '$.r.a'), writes('b', '$.r.b'), writes('c', '$.x.c'), writes('d', '$.x')))
		expect(steps.map(({ aliases }) => aliases)).toEqual([['a'], ['b'], ['c'], ['d', 'x']])
		expect(diagnostics).toEqual([])
	})

	test('that two steps write go to the step of that name, else to the first, with a warning', () => {
		const { refs, diagnostics } = namesOf(seq(writes('a', '$.b'), writes('b', '$.v'), writes('c', '$.v')))
		expect(refs.get('b')).toBe('b')
		expect(refs.get('v')).toBe('b')
		expect(diagnostics.map(({ level, message }) => [level, message])).toEqual([
			['warn', "StepNaming collision: name 'b' is claimed by both step 'a' and step 'b' (by ref or out path)"],
			['warn', "StepNaming collision: name 'v' is claimed by both step 'b' and step 'c' (by ref or out path)"],
		])
	})

	test('that one step declares and another claims are an error', () => {
		verifies('04.83')
		const { diagnostics } = namesOf(seq(writes('a', '$.x'), writes('b', '$.report')), [named('a', 'report'), fn('b')])
		expect(diagnostics).toHaveLength(1)
		expect(diagnostics[0]).toMatchObject({ code: 'step-naming-collision', level: 'error', path: '$.flow.children[1].out' })
	})
})
