import type { NodeOf } from '../../../protocol/flow.ts'
import { compileExpr } from '../expression.ts'
import { nonBoolCond } from '../flow-error.ts'
import type { CompileNode, Runner } from '../lane.ts'
import { compactText } from '../render.ts'

export function branch(node: NodeOf<'branch'>, compile: CompileNode): Runner {
	const cond = compileExpr(node.cond)
	const whenTrue = compile(node.then)
	const whenFalse = compile(node.else)
	return (lane, position) => {
		const verdict = cond(lane)
		if (typeof verdict !== 'boolean') throw nonBoolCond(compactText(verdict))
		return verdict ? whenTrue(lane, `${position}/then`) : whenFalse(lane, `${position}/else`)
	}
}
