import type { Node, NodeKind, NodeOf } from '../../protocol/flow.ts'
import type { CompileNode, Runner } from './lane.ts'
import { assign } from './node/assign.ts'
import { branch } from './node/branch.ts'
import { fanout } from './node/fanout.ts'
import { loop } from './node/loop.ts'
import { seq } from './node/seq.ts'
import { step } from './node/step.ts'
import { tryCatch } from './node/try.ts'

/** A flow ready to be evaluated any number of times, also at the same time. */
export interface CompiledFlow {
	readonly node: Node
	readonly run: Runner
}

/** Turns a node that `parseFlow` made into closures, once. Freezes its literals. */
export function compileFlow(node: Node): CompiledFlow {
	return { node, run: compileNode(node) }
}

function compileNode<K extends NodeKind>(node: { [P in K]: NodeOf<P> & { kind: P } }[K]): Runner {
	return COMPILERS[node.kind](node, compileNode)
}

const COMPILERS: { readonly [K in NodeKind]: (node: NodeOf<K>, compile: CompileNode) => Runner } = {
	step,
	seq,
	branch,
	fanout,
	loop,
	try: tryCatch,
	assign,
}
