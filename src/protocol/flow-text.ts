import type { Expr } from './flow.ts'

const LONGEST = 60
const SIGNS: { readonly [op in Expr['op']]?: string } = {
	...{ eq: '==', ne: '!=', lt: '<', lte: '<=', gt: '>', gte: '>=', add: '+', sub: '-', mul: '*', div: '/', mod: '%', and: 'and', or: 'or' },
}

/** An expression as a person would write it, cut where it gets long. */
export function exprText(expr: Expr): string {
	const text = textOf(expr)
	return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text
}

function textOf(expr: Expr): string {
	if (expr.op === 'path') return expr.at
	if (expr.op === 'lit') return JSON.stringify(expr.value)
	if (expr.op === 'call_extern') return `${expr.ref}(${expr.args.map(textOf).join(', ')})`
	if (expr.op === 'in') return `${textOf(expr.needle)} in ${textOf(expr.haystack)}`
	if ('args' in expr) return expr.args.map(inner).join(` ${SIGNS[expr.op]} `) || (expr.op === 'and' ? 'true' : 'false')
	if ('arg' in expr) return `${expr.op} ${inner(expr.arg)}`
	return `${inner(expr.lhs)} ${SIGNS[expr.op]} ${inner(expr.rhs)}`
}

const inner = (expr: Expr): string =>
	expr.op !== 'call_extern' && ('args' in expr || 'arg' in expr || 'lhs' in expr) ? `(${textOf(expr)})` : textOf(expr)
