import type { NodeOf } from '../../../protocol/flow.ts'
import { compileExpr, compileTarget } from '../expression.ts'
import { limitError } from '../flow-error.ts'
import { type CompileNode, inTurn, type Lane, type Runner } from '../lane.ts'
import { isTruthy } from '../value.ts'

/** Counts by itself: what the body writes to the counter's path is overwritten after each iteration. */
export function loop(node: NodeOf<'loop'>, compile: CompileNode): Runner {
	const cond = compileExpr(node.cond)
	const body = compile(node.body)
	const writeCounter = compileTarget(node.counter)
	const goesOn = (lane: Lane, n: number): boolean => {
		writeCounter(lane, n)
		lane.signal.throwIfAborted()
		if (n >= node.max || !isTruthy(cond(lane))) return false
		if (n < lane.host.limits.loopMax) return true
		throw limitError('loop', `${n} iterations done and cond still holds; max is ${node.max}, but limits.loop_max is ${n}`)
	}
	return (lane, position) =>
		inTurn(
			lane,
			(n) => goesOn(lane, n),
			(n) => body(lane, `${position}/body[${n}]`),
		)
}
