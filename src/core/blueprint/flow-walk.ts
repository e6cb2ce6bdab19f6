import type { Expr, Node, NodeOf } from '../../protocol/flow.ts'
import { memberOf } from './json-path.ts'

/** A node of a flow and where it is in the document. */
export interface Place {
	readonly node: Node
	readonly at: string
}

/** Every node, outermost and first ones first: the order in which a reader meets them. */
export function* walkFlow(node: Node, at = '$.flow'): Generator<Place> {
	yield { node, at }
	for (const [path, child] of childrenOf(node)) yield* walkFlow(child, `${at}${path}`)
}

/** The step nodes, in the order of `walkFlow`. */
export function stepsOf(node: Node): { readonly node: NodeOf<'step'>; readonly at: string }[] {
	return [...walkFlow(node)].flatMap((place) => (place.node.kind === 'step' ? [{ node: place.node, at: place.at }] : []))
}

/** The same node with each direct child replaced. */
export function mapChildren(node: Node, change: (child: Node) => Node): Node {
	switch (node.kind) {
		case 'seq':
			return { ...node, children: node.children.map(change) }
		case 'branch':
			return { ...node, then: change(node.then), else: change(node.else) }
		case 'fanout':
		case 'loop':
			return { ...node, body: change(node.body) }
		case 'try':
			return { ...node, body: change(node.body), catch: change(node.catch) }
		case 'step':
		case 'assign':
			return node
	}
}

/** The canonical text of a write target; undefined when it is no path. */
export const pathText = (expr: Expr): string | undefined => (expr.op === 'path' ? expr.at : undefined)

function childrenOf(node: Node): [path: string, child: Node][] {
	switch (node.kind) {
		case 'seq':
			return node.children.map((child, index) => [`.children${memberOf('', index)}`, child])
		case 'branch':
			return [
				['.then', node.then],
				['.else', node.else],
			]
		case 'fanout':
		case 'loop':
			return [['.body', node.body]]
		case 'try':
			return [
				['.body', node.body],
				['.catch', node.catch],
			]
		case 'step':
		case 'assign':
			return []
	}
}
