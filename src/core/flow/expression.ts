import { messageOf } from '../../kernel/error.ts'
import type { Json } from '../../kernel/json.ts'
import type { Expr, ExprOf, ExprOp } from '../../protocol/flow.ts'
import { type Path, parsePath } from '../blueprint/path.ts'
import { type ArithmeticOp, calculate, compare } from './arithmetic.ts'
import { externError, FlowError, invalidPath, typeError } from './flow-error.ts'
import type { Lane } from './lane.ts'
import { debugText } from './render.ts'
import { isEqual, isTruthy, lengthOf } from './value.ts'

/** A compiled expression: reads the lane's ctx, changes nothing, throws a FlowError. */
export type Reader = (lane: Lane) => Json

/** Writes a value to the lane's ctx at the path an expression names. */
export type Writer = (lane: Lane, value: Json) => void

export function compileExpr<O extends ExprOp>(expr: { [P in O]: ExprOf<P> & { op: P } }[O]): Reader {
	return READERS[expr.op](expr)
}

/** A write target. Any expression may stand there; one that is no path is an InvalidPath only when something is to be written. */
export function compileTarget(expr: Expr): Writer {
	if (expr.op !== 'path') {
		return () => {
			throw invalidPath('expected Path expr for write target')
		}
	}
	const path = pathOf(expr.at)
	return (lane, value) => lane.ctx.write(path, value)
}

const READERS: { readonly [O in ExprOp]: (expr: ExprOf<O>) => Reader } = {
	path({ at }) {
		const path = pathOf(at)
		return (lane) => lane.ctx.read(path)
	},
	lit({ value }) {
		const frozen = deepFreeze(value)
		return () => frozen
	},
	eq: binary((lhs, rhs) => isEqual(lhs, rhs)),
	ne: binary((lhs, rhs) => !isEqual(lhs, rhs)),
	lt: binary((lhs, rhs) => compare(lhs, rhs) < 0),
	lte: binary((lhs, rhs) => compare(lhs, rhs) <= 0),
	gt: binary((lhs, rhs) => compare(lhs, rhs) > 0),
	gte: binary((lhs, rhs) => compare(lhs, rhs) >= 0),
	not({ arg }) {
		const read = compileExpr(arg)
		return (lane) => !isTruthy(read(lane))
	},
	and({ args }) {
		const reads = args.map(compileExpr)
		return (lane) => reads.every((read) => isTruthy(read(lane)))
	},
	or({ args }) {
		const reads = args.map(compileExpr)
		return (lane) => reads.some((read) => isTruthy(read(lane)))
	},
	exists: ({ arg }) => exists(arg),
	add: arithmetic('add'),
	sub: arithmetic('sub'),
	mul: arithmetic('mul'),
	div: arithmetic('div'),
	mod: arithmetic('mod'),
	len({ arg }) {
		const read = compileExpr(arg)
		return (lane) => len(read(lane))
	},
	in: ({ needle, haystack }) => {
		const [readNeedle, readHaystack] = [compileExpr(needle), compileExpr(haystack)]
		return (lane) => isIn(readNeedle(lane), readHaystack(lane))
	},
	call_extern({ ref, args }) {
		const reads = args.map(compileExpr)
		return (lane) => {
			const values = reads.map((read) => read(lane))
			return callExtern(lane, ref, values)
		}
	},
}

function binary(apply: (lhs: Json, rhs: Json) => Json) {
	return (expr: { readonly lhs: Expr; readonly rhs: Expr }): Reader => {
		const [lhs, rhs] = [compileExpr(expr.lhs), compileExpr(expr.rhs)]
		return (lane) => apply(lhs(lane), rhs(lane))
	}
}

function arithmetic(op: ArithmeticOp) {
	return binary((lhs, rhs) => calculate(op, lhs, rhs))
}

function exists(arg: Expr): Reader {
	if (arg.op === 'path') {
		const path = pathOf(arg.at)
		return (lane) => lane.ctx.has(path)
	}
	const read = compileExpr(arg)
	return (lane) => {
		try {
			return read(lane) !== null
		} catch (thrown) {
			if (thrown instanceof FlowError && thrown.class === 'PathNotFound') return false
			throw thrown
		}
	}
}

function len(value: Json): number {
	const length = lengthOf(value)
	if (length === undefined) throw typeError('expr.len', `len: unsupported type ${debugText(value)}`)
	return length
}

function isIn(needle: Json, haystack: Json): boolean {
	if (!Array.isArray(haystack)) throw typeError('expr.in', `in: haystack must be array, got ${debugText(haystack)}`)
	return haystack.some((item) => isEqual(item, needle))
}

function callExtern(lane: Lane, ref: string, args: readonly Json[]): Json {
	const { externs } = lane.host
	if (externs === undefined) throw externError(ref, 'no externs registry configured')
	const extern = externs.get(ref)
	if (extern === undefined) throw externError(ref, 'not registered in externs')
	try {
		return extern(args)
	} catch (thrown) {
		throw externError(ref, messageOf(thrown), thrown)
	}
}

function pathOf(text: string): Path {
	const parsed = parsePath(text)
	if ('path' in parsed) return parsed.path
	throw invalidPath(`'${text}': ${parsed.reason}`)
}

/** A literal goes to ctx and to steps as it is, time and again. */
function deepFreeze<T extends Json>(value: T): T {
	if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
	for (const part of Object.values(value)) deepFreeze(part)
	return Object.freeze(value)
}
