import { describe, expect, test } from 'bun:test'
import { lintBlueprint } from '../../../src/core/blueprint/lint.ts'
import type { Json, JsonObject } from '../../../src/kernel/json.ts'
import { lit, path, seq, step } from '../../support/blueprints.ts'
import { fn, parsedBlueprint } from '../../support/parsed-blueprint.ts'
import { verifies } from '../../support/verifies.ts'

const eq = (at: string, value: Json): JsonObject => ({ op: 'eq', lhs: path(at), rhs: lit(value) })
const branch = (cond: JsonObject): JsonObject => ({ kind: 'branch', cond, then: seq(), else: seq() })
const loop = (cond: JsonObject): JsonObject => ({ kind: 'loop', counter: path('$.n'), cond, body: seq(), max: 1 })
const judge = (channel: string, values: string[], keys: object = {}): object => fn('judge', { verdict: { channel, values }, ...keys })

/** The findings about a flow in which `judge` writes `$.v` before these nodes. */
function found(
	agent: object,
	nodes: JsonObject[],
	metadata: object = {},
): { code: string; level: string; message: string; path: string }[] {
	const flow = seq(step('judge', lit(null), '$.v'), ...nodes)
	const blueprint = parsedBlueprint({ id: 'm', flow, agents: [agent], metadata })
	return lintBlueprint(blueprint, { knownKinds: new Set(['rust_fn']) })
}
const codes = (...args: Parameters<typeof found>): string[] => found(...args).map(({ code, level }) => `${level} ${code}`)

describe('a verdict contract', () => {
	test('whose values are all compared has no finding, in any form of condition', () => {
		const cond = {
			op: 'and',
			args: [
				{ op: 'not', arg: { op: 'ne', lhs: lit('a'), rhs: path('$.v') } },
				{ op: 'or', args: [{ op: 'in', needle: path('$.v'), haystack: lit(['b', 'c']) }] },
			],
		}
		expect(codes(judge('body', ['a', 'b', 'c']), [branch(cond)])).toEqual([])
	})

	test('on the part is read at parts.verdict below the output', () => {
		expect(codes(judge('part', ['a']), [loop(eq('$.v.parts["verdict"]', 'a'))])).toEqual([])
	})

	test('read on the other channel is an error, and its values are not looked at', () => {
		verifies('06.20')
		const findings = found(judge('body', ['a']), [branch(eq('$.v.parts.verdict', 'b'))], { lints: { all: 'allow' } })
		expect(findings).toMatchObject([
			{
				code: 'verdict-channel-mismatch',
				path: '$.flow.children[1].cond',
				message:
					"agent 'judge' declares verdict channel 'body' but Branch cond addresses it as 'part' output — see the " +
					'"Returning verdicts to drive BP flow" guide\'s Pattern A (channel: "body") / Pattern B (channel: "part")',
			},
		])
	})

	test('compared with another value is an error for each of them, in flow order', () => {
		const nodes = [loop(eq('$.v', 'x')), branch({ op: 'in', needle: path('$.v'), haystack: lit(['a', 1]) })]
		expect(found(judge('body', ['a']), nodes).map(({ message }) => message)).toEqual([
			`agent 'judge' verdict Lit 'x' at Loop cond is not a member of the declared values ["a"]`,
			`agent 'judge' verdict Lit '1' at Branch cond is not a member of the declared values ["a"]`,
		])
	})

	test('compares other than strings by their JSON', () => {
		expect(codes(judge('body', ['1', '{"a":1}']), [branch(eq('$.v', 1)), branch(eq('$.v', { a: 1 }))])).toEqual([])
	})

	test('with a value nobody compares is a warning', () => {
		expect(found(judge('body', ['a', 'b']), [branch(eq('$.v', 'a'))])).toMatchObject([
			{
				code: 'verdict-value-unhandled',
				level: 'warn',
				path: '$.agents[0].verdict.values[1]',
				message:
					"agent 'judge' declares verdict value 'b' but no downstream Branch/Loop cond references it " +
					`(declared: ["a", "b"], at step 'judge') — either handle the value downstream or drop it from \`verdict.values\``,
			},
		])
	})

	test('nobody reads is one warning, not one a value', () => {
		expect(codes(judge('body', ['a', 'b']), [])).toEqual(['warn verdict-contract-never-read'])
	})

	test("of an agent that no step calls is nobody's business", () => {
		const blueprint = parsedBlueprint({ id: 'm', flow: seq(), agents: [judge('body', ['a'])] })
		expect(lintBlueprint(blueprint, { knownKinds: new Set(['rust_fn']) })).toEqual([])
	})

	test('is not looked for behind conditions of another form', () => {
		const others = [eq('$.other', 'x'), { op: 'lt', lhs: path('$.v'), rhs: lit('x') }, { op: 'eq', lhs: path('$.v'), rhs: path('$.v') }]
		expect(codes(judge('body', ['a']), [...others.map(branch), branch(eq('$.v', 'a'))])).toEqual([])
	})

	test('without a condition that skips on a skip-like value is a warning more', () => {
		expect(codes(judge('body', ['a', 'Skip']), [branch(eq('$.v', 'a'))])).toEqual([
			'warn verdict-value-unhandled',
			'warn skip-on-missing-for-skip-like-verdict-value',
		])
	})
})

describe('how much an unhandled value matters', () => {
	const nodes = [branch(eq('$.v', 'a'))]
	const level = (lints: object, metadata: object): string[] => codes(judge('body', ['a', 'b'], { lints }), nodes, metadata)
	const cases: [title: string, lints: object, metadata: object, expected: string[]][] = [
		['deny makes it an error', { 'verdict-value-unhandled': 'deny' }, {}, ['error verdict-value-unhandled']],
		['allow makes it nothing', {}, { lints: { 'category:suspicious': 'allow' } }, []],
		['the agent is heard before the metadata', { all: 'warn' }, { lints: { all: 'deny' } }, ['warn verdict-value-unhandled']],
		[
			'strict handling is an error whatever lints say',
			{ all: 'allow' },
			{ strict_verdict_handling: true },
			['error verdict-value-unhandled'],
		],
	]
	for (const [title, lints, metadata, expected] of cases) test(title, () => expect(level(lints, metadata)).toEqual(expected))
})
