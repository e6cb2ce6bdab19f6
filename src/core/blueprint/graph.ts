import type { Blueprint } from '../../protocol/blueprint.ts'
import type { Node } from '../../protocol/flow.ts'
import { exprText } from '../../protocol/flow-text.ts'

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
