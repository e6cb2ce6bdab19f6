import type { Join, Node, NodeOf } from '../../../protocol/flow.ts'
import { type Operand, type Target, type Term, toExpr, toTarget } from './expression.ts'

/** One after another. */
export const seq = (...children: readonly Node[]): Node => ({ kind: 'seq', children: [...children] })

/** One of two ways; without the second nothing happens when the condition is false. */
export const branch = (cond: Operand, then: Node, otherwise: Node = seq()): Node => ({
	...{ kind: 'branch', cond: toExpr(cond), then, else: otherwise },
})

interface LoopOptions<P extends string> {
	/** Where the number of the round is kept, from 0. */
	readonly counter: Target<P>
	/** Looked at before each round. */
	readonly while: Operand
	/** More rounds than this fail the loop. */
	readonly max: number
}

/** Again and again while a condition is true. */
export const loop = <const P extends string>({ counter, while: cond, max }: LoopOptions<P>, body: Node): Node => ({
	...{ kind: 'loop', counter: toTarget(counter), cond: toExpr(cond), max, body },
})

interface FanoutOptions<B extends string, O extends string> {
	/** A list; one lane for each. */
	readonly items: Operand
	/** Where a lane finds its item. */
	readonly bind: Target<B>
	/** `all` unless said otherwise. */
	readonly join?: Join
	readonly out: Target<O>
}

/** A lane for each item, at the same time. Each lane ends with its whole context, and that is what `out` gets. */
export const fanout = <const B extends string, const O extends string>(options: FanoutOptions<B, O>, body: Node): Node => ({
	...{ kind: 'fanout', items: toExpr(options.items), bind: toTarget(options.bind), body },
	...{ join: options.join ?? 'all', out: toTarget(options.out) },
})

/** The second where the first fails; `errAt` is where it finds why. */
export const tryCatch = <const P extends string>(body: Node, handler: Node, errAt?: Target<P>): Node => ({
	...{ kind: 'try', body, catch: handler, err_at: errAt === undefined ? null : toTarget(errAt) },
})

/** Puts a value somewhere. */
export const assign = <const P extends string>(at: Target<P>, value: Operand): Node => ({
	...{ kind: 'assign', at: toTarget(at), value: toExpr(value) },
})

/** What a step takes, and where its value goes. */
export interface StepEnds<P extends string> {
	readonly in: Operand
	readonly out: Target<P>
}

/** A call of an agent; authors get it typed by the agents of their Blueprint. */
export function stepOf(ref: string, ends: { readonly in: Operand; readonly out: string | Term }): NodeOf<'step'> {
	return { kind: 'step', ref, in: toExpr(ends.in), out: toTarget(ends.out) }
}
