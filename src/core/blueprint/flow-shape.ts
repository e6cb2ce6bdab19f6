import type { ExprOp, NodeKind } from '../../protocol/flow.ts'

/** What stands in a field. `target path` is a bare path text that means a path expression; `expr or null` may be left out. */
export type FieldType = 'text' | 'path' | 'target path' | 'json' | 'u32' | 'join' | 'node' | 'nodes' | 'expr' | 'exprs' | 'expr or null'

export interface Field {
	readonly name: string
	readonly type: FieldType
	/** How flow-ir 0.0.5 spelled it. */
	readonly was?: { readonly name: string; readonly type: FieldType }
}

/** `tag` is the current spelling of the tag; the fields stand in serialisation order. */
export interface Shape {
	readonly tag: string
	readonly fields: readonly Field[]
}

/** Objects told apart by a tag: the nodes by `kind`, the expressions by `op`. */
export interface Family {
	readonly name: 'Node' | 'Expr'
	readonly tagKey: 'kind' | 'op'
	readonly shapes: { readonly [tag: string]: Shape }
	/** The current tags in their declared order, for messages. */
	readonly tags: readonly string[]
}

const field = (name: string, type: FieldType, was?: Field['was']): Field => (was === undefined ? { name, type } : { name, type, was })
const exprs = (...names: string[]): Field[] => names.map((name) => field(name, 'expr'))

const NODE_FIELDS: { readonly [K in NodeKind]: readonly Field[] } = {
	step: [field('ref', 'text'), ...exprs('in', 'out')],
	seq: [field('children', 'nodes')],
	branch: [field('cond', 'expr'), field('then', 'node'), field('else', 'node')],
	fanout: [...exprs('items', 'bind'), field('body', 'node'), field('join', 'join'), field('out', 'expr')],
	loop: [...exprs('counter', 'cond'), field('body', 'node'), field('max', 'u32')],
	try: [field('body', 'node'), field('catch', 'node'), field('err_at', 'expr or null')],
	assign: exprs('at', 'value'),
}

const BINARY = exprs('lhs', 'rhs')
const EXPR_FIELDS: { readonly [O in ExprOp]: readonly Field[] } = {
	path: [field('at', 'path')],
	lit: [field('value', 'json')],
	eq: BINARY,
	ne: BINARY,
	lt: BINARY,
	lte: BINARY,
	gt: BINARY,
	gte: BINARY,
	not: [field('arg', 'expr', { name: 'operand', type: 'expr' })],
	and: [field('args', 'exprs', { name: 'operands', type: 'exprs' })],
	or: [field('args', 'exprs', { name: 'operands', type: 'exprs' })],
	exists: [field('arg', 'expr', { name: 'at', type: 'target path' })],
	add: BINARY,
	sub: BINARY,
	mul: BINARY,
	div: BINARY,
	mod: BINARY,
	len: [field('arg', 'expr', { name: 'of', type: 'expr' })],
	in: exprs('needle', 'haystack'),
	call_extern: [field('ref', 'text'), field('args', 'exprs')],
}

/** The nodes of flow-ir 0.2.0, and `let` of 0.3, which is `assign` with a bare path. */
export const NODES: Family = family('Node', 'kind', NODE_FIELDS, {
	let: { tag: 'assign', fields: [field('at', 'target path'), field('value', 'expr')] },
})

/** The expressions of flow-ir 0.2.0, and the tags of 0.0.5 that were renamed. */
export const EXPRS: Family = family('Expr', 'op', EXPR_FIELDS, {
	le: { tag: 'lte', fields: BINARY },
	ge: { tag: 'gte', fields: BINARY },
})

function family(
	name: Family['name'],
	tagKey: Family['tagKey'],
	fields: { readonly [tag: string]: readonly Field[] },
	alias: { readonly [tag: string]: Shape },
): Family {
	const current = Object.entries(fields).map(([tag, list]) => [tag, { tag, fields: list }] as const)
	return { name, tagKey, shapes: { ...Object.fromEntries(current), ...alias }, tags: Object.keys(fields) }
}
