import { type Static, Type } from '@sinclair/typebox'

/** Any JSON value that a flow carries without looking into it. */
type Literal = null | boolean | number | string | readonly Literal[] | { readonly [key: string]: Literal }

const CLOSED = { additionalProperties: false }
const Expr = Type.Ref('Expr')
const Node = Type.Ref('Node')

const binary = <Op extends string>(op: Op) => Type.Object({ op: Type.Literal(op), lhs: Expr, rhs: Expr }, CLOSED)
const unary = <Op extends string>(op: Op) => Type.Object({ op: Type.Literal(op), arg: Expr }, CLOSED)
const variadic = <Op extends string>(op: Op) => Type.Object({ op: Type.Literal(op), args: Type.Array(Expr) }, CLOSED)

const module = Type.Module({
	Expr: Type.Union([
		Type.Object({ op: Type.Literal('path'), at: Type.String() }, CLOSED),
		Type.Object({ op: Type.Literal('lit'), value: Type.Unsafe<Literal>(Type.Unknown()) }, CLOSED),
		binary('eq'),
		binary('ne'),
		binary('lt'),
		binary('lte'),
		binary('gt'),
		binary('gte'),
		unary('not'),
		variadic('and'),
		variadic('or'),
		unary('exists'),
		binary('add'),
		binary('sub'),
		binary('mul'),
		binary('div'),
		binary('mod'),
		unary('len'),
		Type.Object({ op: Type.Literal('in'), needle: Expr, haystack: Expr }, CLOSED),
		Type.Object({ op: Type.Literal('call_extern'), ref: Type.String(), args: Type.Array(Expr) }, CLOSED),
	]),
	Node: Type.Union([
		Type.Object({ kind: Type.Literal('step'), ref: Type.String(), in: Expr, out: Expr }, CLOSED),
		Type.Object({ kind: Type.Literal('seq'), children: Type.Array(Node) }, CLOSED),
		Type.Object({ kind: Type.Literal('branch'), cond: Expr, then: Node, else: Node }, CLOSED),
		Type.Object(
			{
				kind: Type.Literal('fanout'),
				items: Expr,
				bind: Expr,
				body: Node,
				join: Type.Union([Type.Literal('all'), Type.Literal('any'), Type.Literal('race'), Type.Literal('all_settled')]),
				out: Expr,
			},
			CLOSED,
		),
		Type.Object(
			{ kind: Type.Literal('loop'), counter: Expr, cond: Expr, body: Node, max: Type.Integer({ minimum: 0, maximum: 2 ** 32 - 1 }) },
			CLOSED,
		),
		Type.Object({ kind: Type.Literal('try'), body: Node, catch: Node, err_at: Type.Optional(Type.Union([Expr, Type.Null()])) }, CLOSED),
		Type.Object({ kind: Type.Literal('assign'), at: Expr, value: Expr }, CLOSED),
	]),
})

/**
 * The schemas of a flow in its one normal spelling (flow-ir 0.2.0, as mlua-swarm 0.26.0 writes it), for JSON-Schema export.
 * Keys stand in serialisation order. Documents are read by `parseFlow`, which also takes the older and newer spellings.
 */
export const ExprSchema = module.Import('Expr')
export const NodeSchema = module.Import('Node')

/** A pure expression over ctx. `path.at` holds canonical path text. */
export type Expr = Static<typeof ExprSchema>
/** A step of control flow; write targets (`out`, `at`, `bind`, `counter`, `err_at`) may be any Expr until they are written to. */
export type Node = Static<typeof NodeSchema>

export type NodeKind = Node['kind']
export type ExprOp = Expr['op']
export type NodeOf<K extends NodeKind> = Extract<Node, { kind: K }>
export type ExprOf<O extends ExprOp> = Extract<Expr, { op: O }>
export type Join = NodeOf<'fanout'>['join']
