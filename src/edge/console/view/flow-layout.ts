import { Graph, layout } from '@dagrejs/dagre'
import type { Arrow, Box, BoxKind, FlowGraph } from './flow-graph.ts'

/** A box with its place on the paper, from its top left corner. */
export interface PlacedBox extends Box {
	readonly x: number
	readonly y: number
	readonly width: number
	readonly height: number
}

export interface FlowDrawing {
	readonly boxes: readonly PlacedBox[]
	readonly arrows: readonly Arrow[]
	/** Of the whole paper. */
	readonly height: number
}

const MARGIN = 12

const SIZES: { readonly [K in BoxKind]: readonly [width: number, height: number] } = {
	...{ start: [64, 28], end: [64, 28], step: [208, 60], assign: [208, 44], join: [176, 44] },
	...{ branch: [208, 44], loop: [208, 44], fanout: [208, 44], try: [176, 44] },
}

/** Where everything of a flow goes, from the top down. The same flow is always drawn the same. */
export function placeFlow({ boxes, arrows }: FlowGraph): FlowDrawing {
	const paper = new Graph({ multigraph: true })
	paper.setGraph({ rankdir: 'TB', nodesep: 36, ranksep: 40, marginx: MARGIN, marginy: MARGIN })
	paper.setDefaultEdgeLabel(() => ({}))
	for (const { id, kind } of boxes) paper.setNode(id, { width: SIZES[kind][0], height: SIZES[kind][1] })
	for (const { id, from, to, label, kind } of arrows) {
		// A way back is laid out as a way on, so that the head of a loop stays above its body.
		const [v, w] = kind === 'back' ? [to, from] : [from, to]
		paper.setEdge(v, w, { width: label.length * 7, height: 14, weight: kind === 'on' ? 2 : 1 }, id)
	}
	layout(paper)
	const placed = boxes.map((box): PlacedBox => {
		const [width, height] = SIZES[box.kind]
		const { x, y } = paper.node(box.id) as { readonly x: number; readonly y: number }
		return { ...box, width, height, x: x - width / 2, y: y - height / 2 }
	})
	return { arrows, boxes: placed, height: MARGIN + placed.reduce((most, { y, height }) => Math.max(most, y + height), 0) }
}
