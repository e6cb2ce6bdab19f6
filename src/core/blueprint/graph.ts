import type { Blueprint } from '../../protocol/blueprint.ts'
import type { Expr, Node } from '../../protocol/flow.ts'

/** The flow of a Blueprint as a Mermaid flowchart, top down. Loops go back, lanes of a fan-out are a box. */
export function mermaidGraph({ flow, agents }: Blueprint): string {
	const drawing: Drawing = { lines: [], count: 0, kinds: new Map(agents.map(({ name, kind }) => [name, kind])) }
	const start = place(drawing, '([', 'start', '])')
	const ends = draw(drawing, flow, [{ from: start }])
	const end = place(drawing, '([', 'end', '])')
	join(drawing, ends, end)
	return ['flowchart TD', ...drawing.lines.map((line) => `  ${line}`)].join('\n')
}

interface Drawing {
	readonly lines: string[]
	count: number
	readonly kinds: ReadonlyMap<string, string>
}

/** An arrow that is still to find its end. */
interface Loose {
	readonly from: string
	readonly label?: string
}

type Draw<K extends Node['kind']> = (drawing: Drawing, node: Extract<Node, { kind: K }>, before: readonly Loose[]) => readonly Loose[]

const draw = (drawing: Drawing, node: Node, before: readonly Loose[]): readonly Loose[] =>
	(DRAW[node.kind] as Draw<Node['kind']>)(drawing, node, before)

const DRAW: { readonly [K in Node['kind']]: Draw<K> } = {
	seq: (drawing, { children }, before) => children.reduce((loose, child) => draw(drawing, child, loose), before),
	step(drawing, { ref, out }, before) {
		const kind = drawing.kinds.get(ref)
		return reached(drawing, before, '[', `${ref}${kind === undefined ? '' : ` (${kind})`} → ${exprText(out)}`, ']')
	},
	assign: (drawing, { at, value }, before) => reached(drawing, before, '[/', `${exprText(at)} = ${exprText(value)}`, '/]'),
	branch(drawing, { cond, then, else: otherwise }, before) {
		const [{ from } = { from: '' }] = reached(drawing, before, '{', exprText(cond), '}')
		return [...draw(drawing, then, [{ from, label: 'yes' }]), ...draw(drawing, otherwise, [{ from, label: 'no' }])]
	},
	loop(drawing, { cond, max, body }, before) {
		const [{ from } = { from: '' }] = reached(drawing, before, '{', `while ${exprText(cond)}, at most ${max} times`, '}')
		join(drawing, draw(drawing, body, [{ from, label: 'again' }]), from)
		return [{ from, label: 'on' }]
	},
	fanout(drawing, { items, bind, join: how, out, body }, before) {
		const [{ from } = { from: '' }] = reached(drawing, before, '[[', `for each ${exprText(bind)} in ${exprText(items)}`, ']]')
		const inner = boxed(drawing, `lanes, ${how}`, () => draw(drawing, body, [{ from }]))
		return reached(drawing, inner, '[[', `${how} → ${exprText(out)}`, ']]')
	},
	try(drawing, { body, catch: handler, err_at }, before) {
		const inner = boxed(drawing, 'try', () => draw(drawing, body, before))
		const failed = place(drawing, '{{', `failed${err_at ? ` → ${exprText(err_at)}` : ''}`, '}}')
		join(
			drawing,
			inner.map(({ from }) => ({ from, label: 'on failure' })),
			failed,
			'-.->',
		)
		return [...inner, ...draw(drawing, handler, [{ from: failed }])]
	},
}

function reached(drawing: Drawing, before: readonly Loose[], open: string, label: string, close: string): readonly Loose[] {
	const id = place(drawing, open, label, close)
	join(drawing, before, id)
	return [{ from: id }]
}

function place(drawing: Drawing, open: string, label: string, close: string): string {
	const id = `n${drawing.count++}`
	drawing.lines.push(`${id}${open}"${escaped(label)}"${close}`)
	return id
}

function join(drawing: Drawing, before: readonly Loose[], to: string, arrow = '-->'): void {
	for (const { from, label } of before) drawing.lines.push(`${from} ${arrow}${label === undefined ? '' : `|${escaped(label)}|`} ${to}`)
}

/** Arrows that are drawn inside belong to the box with the nodes they lead to. */
function boxed<T>(drawing: Drawing, title: string, inside: () => T): T {
	drawing.lines.push(`subgraph g${drawing.count++}["${escaped(title)}"]`)
	const result = inside()
	drawing.lines.push('end')
	return result
}

const escaped = (text: string): string =>
	text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('|', '&#124;')

const LONGEST = 60
const SIGNS: { readonly [op in Expr['op']]?: string } = {
	...{ eq: '==', ne: '!=', lt: '<', lte: '<=', gt: '>', gte: '>=', add: '+', sub: '-', mul: '*', div: '/', mod: '%', and: 'and', or: 'or' },
}

/** An expression as a person would write it, cut where it gets long. */
export function exprText(expr: Expr): string {
	const text = textOf(expr)
	return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text
}

function textOf(expr: Expr): string {
	if (expr.op === 'path') return expr.at
	if (expr.op === 'lit') return JSON.stringify(expr.value)
	if (expr.op === 'call_extern') return `${expr.ref}(${expr.args.map(textOf).join(', ')})`
	if (expr.op === 'in') return `${textOf(expr.needle)} in ${textOf(expr.haystack)}`
	if ('args' in expr) return expr.args.map(inner).join(` ${SIGNS[expr.op]} `) || (expr.op === 'and' ? 'true' : 'false')
	if ('arg' in expr) return `${expr.op} ${inner(expr.arg)}`
	return `${inner(expr.lhs)} ${SIGNS[expr.op]} ${inner(expr.rhs)}`
}

const inner = (expr: Expr): string =>
	expr.op !== 'call_extern' && ('args' in expr || 'arg' in expr || 'lhs' in expr) ? `(${textOf(expr)})` : textOf(expr)
