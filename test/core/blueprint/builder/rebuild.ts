import { all, any, assign, blueprint, branch, extern, fanout, lit, loop, path, seq, type Term, tryCatch } from 'mse-server/blueprint'
import type { JsonObject } from '../../../../src/kernel/json.ts'
import type { Blueprint } from '../../../../src/protocol/blueprint.ts'
import type { Expr, ExprOf, Node } from '../../../../src/protocol/flow.ts'

/** A document written anew with the calls of the builder alone, from one in current spelling. */
export function rebuild(document: Blueprint): JsonObject {
	const { flow, agents, operators, metas, runners, subprocesses, ...rest } = document
	const draft = {
		...rest,
		agents: byName(agents),
		...(operators && { operators: byName(operators) }),
		...(metas && { metas: Object.fromEntries(metas.map(({ name, ctx }) => [name, ctx])) }),
		...(runners && { runners: Object.fromEntries(runners.map(({ name, runner }) => [name, runner])) }),
		...(subprocesses && { subprocesses: byName(subprocesses) }),
		flow: ({ step }: { step: Step }) => nodeOf(flow, step),
	}
	return blueprint(draft as never)
}

type Step = (agent: string, ends: { in: Term; out: Term }) => Node

const byName = (entries: readonly { readonly name: string }[] = []) =>
	Object.fromEntries(entries.map(({ name, ...entry }) => [name, entry]))

function nodeOf(node: Node, step: Step): Node {
	const inner = (child: Node): Node => nodeOf(child, step)
	switch (node.kind) {
		case 'step':
			return step(node.ref, { in: termOf(node.in), out: termOf(node.out) })
		case 'seq':
			return seq(...node.children.map(inner))
		case 'branch':
			return branch(termOf(node.cond), inner(node.then), inner(node.else))
		case 'loop':
			return loop({ counter: termOf(node.counter), while: termOf(node.cond), max: node.max }, inner(node.body))
		case 'fanout': {
			const { items, bind, out, join } = node
			return fanout({ items: termOf(items), bind: termOf(bind), out: termOf(out), join }, inner(node.body))
		}
		case 'try':
			return tryCatch(inner(node.body), inner(node.catch), ...(node.err_at ? [termOf(node.err_at)] : []))
		case 'assign':
			return assign(termOf(node.at), termOf(node.value))
	}
}

const BINARY = {
	...({ eq: 'eq', ne: 'ne', lt: 'lt', lte: 'lte', gt: 'gt', gte: 'gte' } as const),
	...({ add: 'plus', sub: 'minus', mul: 'times', div: 'over', mod: 'mod' } as const),
}

function termOf(expr: Expr): Term {
	switch (expr.op) {
		case 'path':
			return path(expr.at)
		case 'lit':
			return lit(expr.value)
		case 'and':
			return all(...expr.args.map(termOf))
		case 'or':
			return any(...expr.args.map(termOf))
		case 'not':
		case 'exists':
		case 'len':
			return termOf(expr.arg)[expr.op]()
		case 'in':
			return termOf(expr.needle).isIn(termOf(expr.haystack))
		case 'call_extern':
			return extern(expr.ref, ...expr.args.map(termOf))
		default:
			return binaryOf(expr)
	}
}

function binaryOf(expr: ExprOf<keyof typeof BINARY>): Term {
	return termOf(expr.lhs)[BINARY[expr.op]](termOf(expr.rhs))
}
