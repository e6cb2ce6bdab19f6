import { describe, expect, test } from 'bun:test'
import { lintBlueprint } from '../../../src/core/blueprint/lint.ts'
import { lit, path, seq, step } from '../../support/blueprints.ts'
import { fn, parsedBlueprint } from '../../support/parsed-blueprint.ts'
import { verifies } from '../../support/verifies.ts'

const verdictOf = (out: string) => path(`${out}.parts["verdict"]`)
const is = (out: string, value: string) => ({ op: 'eq', lhs: verdictOf(out), rhs: lit(value) })
const isOneOf = (out: string, values: string[]) => ({ op: 'in', needle: verdictOf(out), haystack: lit(values) })
const halt = (cond: object, rest: object = seq()) => ({
	...{ kind: 'branch', cond, then: { kind: 'assign', at: path('$.halted_at'), value: lit('judge') }, else: rest },
})
const skip = (cond: object, rest: object) => ({ kind: 'branch', cond, then: seq(), else: rest })
const judge = (values?: string[]) => fn('judge', values === undefined ? {} : { verdict: { channel: 'part', values } })
const after = step('next', lit(null), '$.n')

/** Findings about gates, of a flow in which `judge` writes `$.v` before these nodes. */
function found(agent: object, nodes: object[], more: object = {}): string[] {
	const flow = seq(step('judge', lit(null), '$.v'), ...(nodes as never[]))
	const blueprint = parsedBlueprint({ id: 'm', flow, agents: [agent, fn('next')], ...more })
	const gates = lintBlueprint(blueprint, { knownKinds: new Set(['rust_fn']) }).filter(({ code }) => /^(skip-on|halted)/.test(code))
	return gates.map(({ level, code, path: at }) => `${level} ${code} ${at}`)
}

describe('a gate', () => {
	test('that skips on one verdict and halts on another has no finding', () => {
		expect(found(judge(['skip', 'BLOCKED']), [skip(isOneOf('$.v', ['skip']), after), halt(is('$.v', 'BLOCKED'), after)])).toEqual([])
	})

	test('that skips on what its agent never declared is told', () => {
		expect(found(judge(), [skip(isOneOf('$.v', ['SKIP']), after)])).toEqual([
			'warn skip-on-declared-but-no-matching-verdict-value $.flow.children[1].cond',
		])
	})

	test('that both skips and halts on the same verdict is told', () => {
		const nodes = [skip(isOneOf('$.v', ['skip', 'BLOCKED']), after), halt(is('$.v', 'BLOCKED'), after)]
		expect(found(judge(['skip', 'BLOCKED']), nodes)).toEqual(['warn skip-on-pattern-conflicts-with-halt-on $.flow.children[1].cond'])
	})

	test('with nothing to skip is no gate', () => {
		expect(found(judge(), [skip(isOneOf('$.v', ['SKIP']), seq())])).toEqual([])
	})
})

describe('$.halted_at', () => {
	const reads = (cond: object) => ({ kind: 'branch', cond, then: after, else: seq() })
	const isSet = { op: 'ne', lhs: path('$.halted_at'), rhs: lit(null) }

	test('that a condition reads and nothing writes is told, where the run would fail', () => {
		expect(found(judge(), [reads(isSet)])).toEqual(['warn halted-at-missing $.flow.children[1].cond'])
	})

	test('that the flow writes, that a run starts with, or that is only asked for has no finding', () => {
		expect(found(judge(['x']), [halt(is('$.v', 'x')), reads(isSet)])).toEqual([])
		expect(found(judge(), [reads(isSet)], { default_init_ctx: { halted_at: null } })).toEqual([])
		expect(found(judge(), [reads({ op: 'exists', arg: path('$.halted_at') })])).toEqual([])
		expect(found(judge(), [reads({ op: 'eq', lhs: path('$.halted_at_all'), rhs: lit(1) })])).toEqual([])
	})
})

describe('an agent file', () => {
	const contract = (profile: object): string[] => {
		const blueprint = parsedBlueprint({ id: 'm', flow: seq(), agents: [fn('a', { profile })] })
		return lintBlueprint(blueprint, { knownKinds: new Set(['rust_fn']) }).map(({ level, code }) => `${level} ${code}`)
	}

	test('that does not say what its agent brings is told, another profile is not', () => {
		verifies('03.AgentProfile.extras', '03.AgentProfile.version_hash')
		expect(contract({ version_hash: 'a' })).toEqual(['warn output-contract-missing'])
		expect(contract({ extras: { expected_output: { kind: 'poem' } } })).toEqual(['warn output-contract-missing'])
		expect(contract({ extras: { other: 1 } })).toEqual([])
		for (const kind of ['literal_enum', 'inline_markdown', 'file_sentinel'])
			expect(contract({ version_hash: 'a', extras: { expected_output: { kind } } })).toEqual([])
	})

	test('is large from 25 KiB or 200 lines on, and far too large from 50 KiB or 500 lines on', () => {
		const told = (system_prompt: string) => {
			const blueprint = parsedBlueprint({ id: 'm', flow: seq(), agents: [fn('a', { profile: { system_prompt } })] })
			return lintBlueprint(blueprint, { knownKinds: new Set(['rust_fn']) }).map(({ code, message }) => `${code} ${/past/.test(message)}`)
		}
		expect(told('x'.repeat(25 * 1024 - 1))).toEqual([])
		expect([told('x'.repeat(25 * 1024)), told('\n'.repeat(199))]).toEqual([['agent-md-size false'], ['agent-md-size false']])
		expect([told('x'.repeat(50 * 1024)), told('\n'.repeat(499))]).toEqual([['agent-md-size true'], ['agent-md-size true']])
	})
})
