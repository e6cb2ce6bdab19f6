import type { NodeOf } from '../../../protocol/flow.ts'
import { compileExpr, compileTarget } from '../expression.ts'
import type { Runner } from '../lane.ts'

export function assign(node: NodeOf<'assign'>): Runner {
	const read = compileExpr(node.value)
	const write = compileTarget(node.at)
	return (lane) => write(lane, read(lane))
}
