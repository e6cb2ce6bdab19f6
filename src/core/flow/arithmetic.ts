import type { Json } from '../../kernel/json.ts'
import { arithError, typeError } from './flow-error.ts'
import { debugText } from './render.ts'
import { compareText } from './value.ts'

export type ArithmeticOp = 'add' | 'sub' | 'mul' | 'div' | 'mod'

/** The result of two numbers; a TypeError for anything else, an ArithError where the result is no finite number. */
export function calculate(op: ArithmeticOp, lhs: Json, rhs: Json): number {
	const result = RESULT[op](numberOf(op, lhs), numberOf(op, rhs))
	if (Number.isFinite(result)) return result
	throw arithError(op, `result not f64-representable: ${Number.isNaN(result) ? 'NaN' : result > 0 ? 'inf' : '-inf'}`)
}

const RESULT: { readonly [O in ArithmeticOp]: (a: number, b: number) => number } = {
	add: (a, b) => a + b,
	sub: (a, b) => a - b,
	mul: (a, b) => a * b,
	div: (a, b) => a / nonZero('div', b),
	// Floored, with the sign of the divisor.
	mod: (a, b) => a - Math.floor(a / nonZero('mod', b)) * b,
}

function numberOf(op: ArithmeticOp, value: Json): number {
	if (typeof value === 'number') return value
	throw typeError(op, `expected number, got ${debugText(value)}`)
}

function nonZero(op: ArithmeticOp, value: number): number {
	if (value !== 0) return value
	throw arithError(op, 'arithmetic failure (e.g. division by zero)')
}

/** Negative, zero or positive: how two numbers or two strings stand to each other. Anything else is a TypeError. */
export function compare(lhs: Json, rhs: Json): number {
	if (typeof lhs === 'number' && typeof rhs === 'number') return lhs - rhs
	if (typeof lhs === 'string' && typeof rhs === 'string') return compareText(lhs, rhs)
	throw typeError('cmp', `cmp: both sides must be numbers or strings, got ${debugText(lhs)} vs ${debugText(rhs)}`)
}
