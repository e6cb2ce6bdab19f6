import type { Blueprint } from '../../../protocol/blueprint.ts'
import type { Expr, Node } from '../../../protocol/flow.ts'
import type { Diagnostic } from '../diagnostic.ts'
import { warningOf } from '../finding.ts'
import { walkFlow } from '../flow-walk.ts'

/** Targets that are no path. They parse, and fail the run only once there is something to write. */
export function lintWriteTargets(blueprint: Blueprint): Diagnostic[] {
	return [...walkFlow(blueprint.flow)].flatMap(({ node, at }) =>
		targetsOf(node).flatMap(([key, expr]) => {
			if (expr.op === 'path') return []
			const message = `${key} of this ${node.kind} is '${expr.op}', but only a path can be written to`
			return [warningOf({ code: 'write-target-not-path', path: `${at}.${key}`, message, hint: 'Write {"op":"path","at":"$.name"}.' })]
		}),
	)
}

function targetsOf(node: Node): [key: string, expr: Expr][] {
	switch (node.kind) {
		case 'step':
			return [['out', node.out]]
		case 'assign':
			return [['at', node.at]]
		case 'loop':
			return [['counter', node.counter]]
		case 'fanout':
			return [
				['bind', node.bind],
				['out', node.out],
			]
		case 'try':
			return node.err_at ? [['err_at', node.err_at]] : []
		case 'seq':
		case 'branch':
			return []
	}
}
