import type { Node, NodeOf } from '../../../protocol/flow.ts'
import { exprText } from '../../../protocol/flow-text.ts'

export type BoxKind = 'start' | 'end' | 'step' | 'assign' | 'branch' | 'loop' | 'fanout' | 'join' | 'try'

/** A box of the drawing. `place` is the position of its node in a run, with `*` for the round of a loop and the lane of a fan-out. */
export interface Box {
	readonly id: string
	readonly kind: BoxKind
	readonly place: string
	readonly title: string
	/** What it works on, as text. */
	readonly about: string
}

export interface Arrow {
	readonly id: string
	readonly from: string
	readonly to: string
	readonly label: string
	/** `back` goes to the head of a loop, `failure` to the catch of a try. */
	readonly kind: 'on' | 'back' | 'failure'
}

export interface FlowGraph {
	readonly boxes: readonly Box[]
	readonly arrows: readonly Arrow[]
}

/** A flow as boxes and arrows, in flow order. `kindOf` names what an agent is. */
export function flowGraph(flow: Node, kindOf: (agent: string) => string | undefined): FlowGraph {
	const drawing: Drawing = { boxes: [], arrows: [], kindOf }
	const start = box(drawing, 'start', '', 'start', '')
	const ends = draw(drawing, flow, '', [{ from: start }])
	arrows(drawing, ends, box(drawing, 'end', '', 'end', ''))
	return drawing
}

interface Drawing {
	readonly boxes: Box[]
	readonly arrows: Arrow[]
	readonly kindOf: (agent: string) => string | undefined
}

/** An arrow that has not found its end. */
interface Loose {
	readonly from: string
	readonly label?: string
	readonly kind?: Arrow['kind']
}

type Draw<K extends Node['kind']> = (drawing: Drawing, node: NodeOf<K>, place: string, before: readonly Loose[]) => readonly Loose[]

const draw = (drawing: Drawing, node: Node, place: string, before: readonly Loose[]): readonly Loose[] =>
	(DRAW[node.kind] as Draw<Node['kind']>)(drawing, node, place, before)

const DRAW: { readonly [K in Node['kind']]: Draw<K> } = {
	seq: (drawing, { children }, place, before) =>
		children.reduce((loose, child, at) => draw(drawing, child, `${place}/${at}`, loose), before),
	step(drawing, node, place, before) {
		const kind = drawing.kindOf(node.ref)
		return [{ from: reached(drawing, before, 'step', place, node.ref, kind === undefined ? '' : kind.replaceAll('_', ' ')) }]
	},
	assign(drawing, { at, value }, place, before) {
		return [{ from: reached(drawing, before, 'assign', place, exprText(at), `= ${exprText(value)}`) }]
	},
	branch(drawing, { cond, then, else: otherwise }, place, before) {
		const from = reached(drawing, before, 'branch', place, 'if', exprText(cond))
		return [
			...draw(drawing, then, `${place}/then`, [{ from, label: 'yes' }]),
			...draw(drawing, otherwise, `${place}/else`, [{ from, label: 'no' }]),
		]
	},
	loop(drawing, { cond, max, body }, place, before) {
		const from = reached(drawing, before, 'loop', place, `while, at most ${max} times`, exprText(cond))
		const ends = draw(drawing, body, `${place}/body[*]`, [{ from, label: 'again' }])
		arrows(
			drawing,
			ends.map((loose) => ({ ...loose, kind: 'back' as const })),
			from,
		)
		return [{ from, label: 'on' }]
	},
	fanout(drawing, { items, bind, join, out, body }, place, before) {
		const from = reached(drawing, before, 'fanout', place, 'for each at once', `${exprText(bind)} of ${exprText(items)}`)
		const ends = draw(drawing, body, `${place}/lane[*]`, [{ from }])
		return [{ from: reached(drawing, ends, 'join', place, `join ${join.replaceAll('_', ' ')}`, `→ ${exprText(out)}`) }]
	},
	try(drawing, { body, catch: handler, err_at }, place, before) {
		const from = reached(drawing, before, 'try', place, 'try', err_at ? `error → ${exprText(err_at)}` : '')
		return [
			...draw(drawing, body, `${place}/try`, [{ from }]),
			...draw(drawing, handler, `${place}/catch`, [{ from, label: 'on failure', kind: 'failure' }]),
		]
	},
}

function reached(drawing: Drawing, before: readonly Loose[], kind: BoxKind, place: string, title: string, about: string): string {
	const id = box(drawing, kind, place, title, about)
	arrows(drawing, before, id)
	return id
}

function box({ boxes }: Drawing, kind: BoxKind, place: string, title: string, about: string): string {
	const id = `n${boxes.length}`
	boxes.push({ id, kind, place, title, about })
	return id
}

function arrows(drawing: Drawing, before: readonly Loose[], to: string): void {
	for (const { from, label = '', kind = 'on' } of before) drawing.arrows.push({ id: `a${drawing.arrows.length}`, from, to, label, kind })
}
