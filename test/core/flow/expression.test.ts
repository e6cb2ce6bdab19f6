import { describe, expect, test } from 'bun:test'
import { FlowError } from '../../../src/core/flow/flow-error.ts'
import type { Json } from '../../../src/kernel/json.ts'
import type { Expr } from '../../../src/protocol/flow.ts'
import { verifies } from '../../support/verifies.ts'
import { assign, at, failureOf, hostOf, lit, run } from './flow-world.ts'

const resultOf = async (expr: Expr, ctx: Json = {}): Promise<unknown> => ((await run(assign('$.r', expr), ctx)) as { r: Json }).r
const messageOf = async (expr: Expr, ctx: Json = {}): Promise<string> => {
	const failure = await failureOf(run(assign('$.r', expr), ctx))
	expect(failure).toBeInstanceOf(FlowError)
	return (failure as FlowError).message
}
const both = <O extends 'eq' | 'lt' | 'lte' | 'gt' | 'gte' | 'add' | 'sub' | 'mul' | 'div' | 'mod'>(op: O, lhs: Json, rhs: Json) =>
	({ op, lhs: lit(lhs), rhs: lit(rhs) }) as Expr
const missing = at('$.missing')

describe('an expression', () => {
	test('and, or: stop at the first operand that settles it', async () => {
		expect(await resultOf({ op: 'and', args: [lit(false), missing] })).toBe(false)
		expect(await resultOf({ op: 'or', args: [lit(0), missing] })).toBe(true)
		expect(await messageOf({ op: 'or', args: [lit(null), missing] })).toBe('path not found: $.missing')
	})

	test('eq: deep, by value, across key order, for any depth', async () => {
		verifies('06.3')
		expect(await resultOf(both('eq', { a: [1, { b: null }], c: 2 }, { c: 2, a: [1, { b: null }] }))).toBe(true)
		expect(await resultOf(both('eq', [1, 2], [1, 3]))).toBe(false)
		expect(await resultOf(both('eq', { a: 1 }, { b: 1 }))).toBe(false)
		expect(await resultOf(both('eq', [], {}))).toBe(false)
		const deep = (): Json => JSON.parse('['.repeat(50_000) + ']'.repeat(50_000))
		expect(await resultOf({ op: 'eq', lhs: at('$.a'), rhs: at('$.b') }, { a: deep(), b: deep() })).toBe(true)
	})

	test('order of strings is that of code points, not of UTF-16 units', async () => {
		expect(await resultOf(both('lt', '\ue000', '😀'))).toBe(true)
		expect(await resultOf(both('gt', '😀', '\uffff'))).toBe(true)
		expect(await resultOf(both('lt', 'a', 'ab'))).toBe(true)
		expect(await resultOf(both('gte', 'ab', 'ab'))).toBe(true)
	})

	test('exists: null and a missing path do not, false does', async () => {
		expect(await resultOf({ op: 'exists', arg: at('$.a.b.c') }, { a: { b: 'x' } })).toBe(false)
		expect(await resultOf({ op: 'exists', arg: at('$') })).toBe(true)
		expect(await resultOf({ op: 'exists', arg: { op: 'not', arg: missing } })).toBe(false)
	})

	test('mod is floored, with the sign of the divisor', async () => {
		expect(await resultOf(both('mod', 7, -3))).toBe(-2)
		expect(await resultOf(both('mod', -7, 3))).toBe(2)
	})

	test('a result that is no finite number is an ArithError', async () => {
		expect(await messageOf(both('mul', -1e308, 10))).toBe("arithmetic error in 'mul': result not f64-representable: -inf")
		expect(await messageOf(both('div', 0, 0))).toBe("arithmetic error in 'div': arithmetic failure (e.g. division by zero)")
	})

	test('type errors show the value in debug form, keys sorted', async () => {
		expect(await messageOf(both('add', { b: [true, null], a: 'q"\n\u0001' }, 1))).toBe(
			`type error in 'add': expected number, got Object {"a": String("q\\"\\n\\u{1}"), "b": Array [Bool(true), Null]}`,
		)
		expect(await messageOf(both('lt', [], {}))).toBe(
			"type error in 'cmp': cmp: both sides must be numbers or strings, got Array [] vs Object {}",
		)
	})

	test('a huge value is cut in the message', async () => {
		const message = await messageOf(
			{ op: 'add', lhs: at('$.x'), rhs: lit(1) },
			{ x: JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)) },
		)
		expect(message.length).toBeLessThan(17_000)
		expect(message).toEndWith('…')
	})

	test('call_extern: arguments first, then the function; its failures are ExternErrors', async () => {
		verifies('06.4')
		const call = (ref: string, ...args: Expr[]) => assign('$.r', { op: 'call_extern', ref, args })
		const externs = new Map<string, (args: readonly Json[]) => Json>([
			['count', (args) => args.length],
			[
				'boom',
				() => {
					throw new Error('kaput')
				},
			],
		])
		const host = hostOf(() => null, { externs })
		expect(await run(call('count', lit(1), lit(2)), {}, host)).toEqual({ r: 2 })
		expect(await failureOf(run(call('boom'), {}, host))).toMatchObject({
			class: 'ExternError',
			message: "extern error for ref 'boom': kaput",
		})
		expect(await failureOf(run(call('nope'), {}, host))).toMatchObject({
			message: "extern error for ref 'nope': not registered in externs",
		})
		expect(await failureOf(run(call('count'), {}))).toMatchObject({
			message: "extern error for ref 'count': no externs registry configured",
		})
		expect(await failureOf(run(call('nope', missing), {}, host))).toMatchObject({ class: 'PathNotFound' })
	})
})
