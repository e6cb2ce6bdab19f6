import { describe, expect, test } from 'bun:test'
import { Value } from '@sinclair/typebox/value'
import { MAX_FLOW_DEPTH, parseFlow } from '../../../src/core/blueprint/parse-flow.ts'
import { type Node, NodeSchema } from '../../../src/protocol/flow.ts'
import { assign, at, lit, seq } from '../flow/flow-world.ts'

const found = (flow: unknown) => parseFlow(flow).diagnostics.map(({ path, message, hint }) => ({ path, message, hint }))
const value = (expr: unknown) => ({ kind: 'assign', at: { op: 'path', at: '$.x' }, value: expr })

describe('a flow document', () => {
	test('every mistake is reported at once, each with its path and a way to mend it', () => {
		const flow = {
			kind: 'seq',
			children: [
				{ kind: 'stpe', ref: 'a' },
				{ kind: 'step', ref: 7, input: lit(1), in: '$.a', out: at('$.a[0]') },
				{ kind: 'branch', cond: { op: 'eg', lhs: lit(1), rhs: lit(1) }, then: seq() },
				{ kind: 'fanout', items: lit([]), bind: at('$foo'), body: null, join: 'al', out: at('$.o') },
				{ kind: 'loop', counter: at('$.n'), cond: 3, body: seq(), max: -1 },
			],
		}
		const node = '`step`, `seq`, `branch`, `fanout`, `loop`, `try`, `assign`'
		expect(found(flow)).toEqual([
			{ path: '$.flow.children[0].kind', message: `unknown variant \`stpe\`, expected one of ${node}`, hint: 'Did you mean `step`?' },
			{ path: '$.flow.children[1].input', message: 'unknown field `input`, expected one of `ref`, `in`, `out`', hint: null },
			{ path: '$.flow.children[1].ref', message: 'invalid type: integer `7`, expected a string', hint: null },
			{
				path: '$.flow.children[1].in',
				message: 'invalid type: string "$.a", expected internally tagged enum Expr',
				hint: 'Write {"op":"path","at":"$.a"}.',
			},
			{
				path: '$.flow.children[1].out.at',
				message: "invalid path syntax '$.a[0]': expected '\"' after '['",
				hint: 'A flow cannot index arrays; hand the whole array to a step, or to a fanout.',
			},
			{ path: '$.flow.children[2].cond.op', message: expect.stringContaining('unknown variant `eg`'), hint: 'Did you mean `eq`?' },
			{ path: '$.flow.children[2]', message: 'missing field `else`', hint: 'To do nothing, write {"kind":"seq","children":[]}.' },
			{ path: '$.flow.children[3].bind.at', message: expect.stringContaining("invalid path syntax '$foo'"), hint: 'Write `$.foo`.' },
			{ path: '$.flow.children[3].body', message: 'invalid type: null, expected internally tagged enum Node', hint: null },
			{
				path: '$.flow.children[3].join',
				message: 'unknown variant `al`, expected one of `all`, `any`, `race`, `all_settled`',
				hint: 'Did you mean `all`?',
			},
			{
				path: '$.flow.children[4].cond',
				message: 'invalid type: integer `3`, expected internally tagged enum Expr',
				hint: 'Write {"op":"lit","value":3}.',
			},
			{ path: '$.flow.children[4].max', message: 'invalid value: integer `-1`, expected u32', hint: null },
		])
	})

	test('a finding is an error with a stable code', () => {
		expect(parseFlow({}, '$.blueprint.flow').diagnostics).toEqual([
			{
				code: 'missing-field',
				level: 'error',
				path: '$.blueprint.flow',
				message: 'missing field `kind`',
				hint: expect.stringContaining('`step`'),
			},
		])
	})

	test('with a mistake anywhere there is no node', () => {
		expect(parseFlow(seq(seq(), { kind: 'nope' } as never)).node).toBeUndefined()
		expect(parseFlow(undefined).node).toBeUndefined()
	})

	test('two fields are named with "or", and an odd key is quoted in its path', () => {
		expect(found({ ...value(lit(1)), 'a b': 1 })).toEqual([
			{ path: '$.flow["a b"]', message: 'unknown field `a b`, expected `at` or `value`', hint: null },
		])
	})

	test('keys and tags that JavaScript gives a meaning to are only unknown', () => {
		expect(found(JSON.parse('{"kind":"seq","children":[],"__proto__":{}}'))[0]?.message).toBe(
			'unknown field `__proto__`, expected `children`',
		)
		expect(found({ kind: 'constructor' })[0]?.message).toStartWith('unknown variant `constructor`')
		expect(found({ kind: '__proto__' })[0]?.message).toStartWith('unknown variant `__proto__`')
	})

	test('loop.max takes every u32 and nothing else', () => {
		const max = (max: unknown) => found({ kind: 'loop', counter: at('$.n'), cond: lit(true), body: seq(), max })[0]?.message
		expect(max(0)).toBeUndefined()
		expect(max(2 ** 32 - 1)).toBeUndefined()
		expect(max(2 ** 32)).toBe('invalid value: integer `4294967296`, expected u32')
		expect(max(3.5)).toBe('invalid type: floating point `3.5`, expected u32')
		expect(max('3')).toBe('invalid type: string "3", expected u32')
	})

	test('nesting beyond the limit is one finding, not a stack overflow', () => {
		let flow: unknown = seq()
		for (let depth = 0; depth < 100_000; depth++) flow = { kind: 'seq', children: [flow] }
		expect(parseFlow(flow).diagnostics.map(({ code }) => code)).toEqual(['too-deep'])
	})

	test('a literal counts into the depth', () => {
		const nested = (depth: number) => JSON.parse('['.repeat(depth) + ']'.repeat(depth))
		expect(parseFlow(assign('$.x', lit(nested(MAX_FLOW_DEPTH - 2)))).diagnostics).toEqual([])
		expect(parseFlow(assign('$.x', lit(nested(MAX_FLOW_DEPTH)))).diagnostics[0]).toMatchObject({
			code: 'too-deep',
			path: '$.flow.value.value',
		})
	})

	test('a literal that is no JSON is refused', () => {
		for (const raw of [undefined, () => 1, 1n, Number.NaN, [Symbol.iterator]]) {
			expect(parseFlow(value({ op: 'lit', value: raw })).diagnostics[0]?.code).toBe('wrong-type')
		}
	})
})

describe('the spellings of other flow-ir versions', () => {
	const normal = (expr: unknown) => {
		const { node, diagnostics } = parseFlow(value(expr))
		expect(diagnostics).toEqual([])
		return (node as Extract<Node, { kind: 'assign' }>).value
	}

	test('0.0.5: operators and operands', () => {
		expect(normal({ op: 'le', lhs: lit(1), rhs: lit(2) })).toEqual({ op: 'lte', lhs: lit(1), rhs: lit(2) })
		expect(normal({ op: 'ge', lhs: lit(1), rhs: lit(2) })).toEqual({ op: 'gte', lhs: lit(1), rhs: lit(2) })
		expect(normal({ op: 'not', operand: lit(1) })).toEqual({ op: 'not', arg: lit(1) })
		expect(normal({ op: 'and', operands: [lit(1)] })).toEqual({ op: 'and', args: [lit(1)] })
		expect(normal({ op: 'or', operands: [] })).toEqual({ op: 'or', args: [] })
		expect(normal({ op: 'len', of: lit('a') })).toEqual({ op: 'len', arg: lit('a') })
		expect(normal({ op: 'exists', at: '$["a"].b' })).toEqual({ op: 'exists', arg: at('$.a.b') })
	})

	test('0.3: let with a bare path, and ctx as the root', () => {
		expect(parseFlow({ kind: 'let', at: 'ctx.a', value: at('ctx') }).node).toEqual(assign('$.a', at('$')))
	})

	test('a mistake is placed in the spelling that was sent', () => {
		expect(found(value({ op: 'exists', at: 'a' }))).toEqual([
			{ path: '$.flow.value.at', message: "invalid path syntax 'a': path must start with '$'", hint: 'Write `$.a`.' },
		])
	})

	test('both spellings of one field at once are refused', () => {
		expect(found(value({ op: 'not', arg: lit(1), operand: lit(1) }))[0]?.message).toBe('unknown field `operand`, expected `arg`')
	})

	test('what is read is written in the current spelling, in serialisation order, with nothing left out', () => {
		const flow = {
			catch: { children: [], kind: 'seq' },
			body: { out: { at: '$["o"]', op: 'path' }, in: { op: 'not', operand: lit(1) }, ref: 'r', kind: 'step' },
			kind: 'try',
		}
		const { node } = parseFlow(flow)
		expect(JSON.stringify(node)).toBe(
			'{"kind":"try","body":{"kind":"step","ref":"r","in":{"op":"not","arg":{"op":"lit","value":1}},"out":{"op":"path","at":"$.o"}},' +
				'"catch":{"kind":"seq","children":[]},"err_at":null}',
		)
		expect(parseFlow(node).node).toEqual(node as Node)
		expect(Value.Check(NodeSchema, node)).toBe(true)
	})
})
