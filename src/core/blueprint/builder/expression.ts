import { MseError } from '../../../kernel/error.ts'
import type { AnyJson } from '../../../protocol/blueprint-field.ts'
import type { Expr } from '../../../protocol/flow.ts'
import { parsePath } from '../path.ts'

/** An expression that can be gone on with: `path('$.tries').lt(3).and(path('$.done').not())`. As JSON it is the expression alone. */
export type Term = Expr & Methods

/** A term, or any other JSON, which stands for itself. Text is text: `'$.goal'` is refused where `path('$.goal')` was meant. */
export type Operand = Term | AnyJson

/** Where something is written: the text of a path, or a term. */
export type Target<P extends string = string> = PathText<P> | Term

/**
 * Path text as far as types can tell: `$`, `$.key`, `$["any key"]` and so on. There are no indexes of lists, and no empty
 * keys. The runtime checks all of it.
 */
export type PathText<P extends string> = string extends P
	? P
	: P extends `${string}..${string}` | `${string}.` | `${string}[${number}]${string}`
		? never
		: P extends '$' | `$.${string}` | `$["${string}"]${string}`
			? P
			: never

interface Methods {
	eq(other: Operand): Term
	ne(other: Operand): Term
	lt(other: Operand): Term
	lte(other: Operand): Term
	gt(other: Operand): Term
	gte(other: Operand): Term
	plus(other: Operand): Term
	minus(other: Operand): Term
	times(other: Operand): Term
	over(other: Operand): Term
	mod(other: Operand): Term
	and(other: Operand): Term
	or(other: Operand): Term
	not(): Term
	/** Whether anything is there; null counts. */
	exists(): Term
	/** Of text, a list or an object. */
	len(): Term
	/** Whether this is one of a list, a part of a text, or a key of an object. */
	isIn(haystack: Operand): Term
	contains(needle: Operand): Term
}

/** What is at a place of the context. Throws `invalid` for text that is no path. */
export function path<const P extends string>(at: PathText<P>): Term {
	return term({ op: 'path', at: checked(at) })
}

/** A value as it is, also where text begins like a path. */
export const lit = (value: AnyJson): Term => term({ op: 'lit', value })

/** True when every one of them is; true for none. */
export const all = (...operands: readonly Operand[]): Term => term({ op: 'and', args: operands.map(toExpr) })

/** True when one of them is; false for none. */
export const any = (...operands: readonly Operand[]): Term => term({ op: 'or', args: operands.map(toExpr) })

/** Calls a function that the host of the flow offers under this name. */
export const extern = (ref: string, ...args: readonly Operand[]): Term => term({ op: 'call_extern', ref, args: args.map(toExpr) })

/** An expression of a document, to go on with. */
export const raw = (expr: Expr): Term => term(expr)

/** What a document has for an operand. */
export function toExpr(operand: Operand): Expr {
	if (isTerm(operand)) return operand
	if (typeof operand === 'string' && /^\$[.[]/.test(operand)) throw meantAsPath(operand)
	return { op: 'lit', value: operand }
}

/** What a document has for a target. */
export const toTarget = (target: string | Term): Expr => (isTerm(target) ? target : { op: 'path', at: checked(target) })

type Binary = 'eq' | 'ne' | 'lt' | 'lte' | 'gt' | 'gte' | 'add' | 'sub' | 'mul' | 'div' | 'mod'

const binary = (op: Binary) =>
	function (this: Term, other: Operand): Term {
		return term({ op, lhs: this, rhs: toExpr(other) })
	}

const METHODS: Methods & ThisType<Term> = {
	eq: binary('eq'),
	ne: binary('ne'),
	lt: binary('lt'),
	lte: binary('lte'),
	gt: binary('gt'),
	gte: binary('gte'),
	plus: binary('add'),
	minus: binary('sub'),
	times: binary('mul'),
	over: binary('div'),
	mod: binary('mod'),
	and(other) {
		return all(this, other)
	},
	or(other) {
		return any(this, other)
	},
	not() {
		return term({ op: 'not', arg: this })
	},
	exists() {
		return term({ op: 'exists', arg: this })
	},
	len() {
		return term({ op: 'len', arg: this })
	},
	isIn(haystack) {
		return term({ op: 'in', needle: this, haystack: toExpr(haystack) })
	},
	contains(needle) {
		return term({ op: 'in', needle: toExpr(needle), haystack: this })
	},
}

/** Only what `METHODS` is behind is a term: an object that merely looks like an expression is a literal. */
const term = (expr: Expr): Term => Object.assign(Object.create(METHODS), expr)

function isTerm(operand: unknown): operand is Term {
	return typeof operand === 'object' && operand !== null && Object.getPrototypeOf(operand) === METHODS
}

function checked(text: string): string {
	const parsed = parsePath(text)
	if ('path' in parsed) return parsed.path.text
	throw new MseError('invalid', `${JSON.stringify(text)} is no path: ${parsed.reason}.`, { code: 'invalid_path' })
}

function meantAsPath(text: string): MseError {
	const hint = `Write path(${JSON.stringify(text)}), or lit(…) for the text itself.`
	return new MseError('invalid', `${JSON.stringify(text)} is text here, and looks like a path.`, { code: 'path_as_text', hint })
}
