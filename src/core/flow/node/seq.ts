import type { NodeOf } from '../../../protocol/flow.ts'
import { type CompileNode, inTurn, type Runner } from '../lane.ts'

export function seq(node: NodeOf<'seq'>, compile: CompileNode): Runner {
	const children = node.children.map(compile)
	return (lane, position) =>
		inTurn(
			lane,
			(index) => index < children.length,
			(index) => children[index]?.(lane, `${position}/${index}`),
		)
}
