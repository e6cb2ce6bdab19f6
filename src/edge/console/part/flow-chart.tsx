import {
	Background,
	Controls,
	type Edge,
	Handle,
	MarkerType,
	type Node,
	type NodeProps,
	Position,
	ReactFlow,
	useReactFlow,
	useStore,
} from '@xyflow/react'
import { createContext, useContext, useEffect, useMemo, useRef } from 'react'
import type { Arrow } from '../view/flow-graph.ts'
import type { FlowDrawing, PlacedBox } from '../view/flow-layout.ts'
import type { BoxState } from '../view/flow-state.ts'
import { toneOf, wordText } from '../view/tone.ts'

export interface FlowChartProps {
	readonly drawing: FlowDrawing
	readonly states: ReadonlyMap<string, BoxState>
	/** The status of the run, for the box at its end. */
	readonly ended: string
	readonly step: string | undefined
	readonly onStep: (stepId: string) => void
}

type Shown = Pick<FlowChartProps, 'states' | 'ended' | 'step' | 'onStep'>
type BoxNode = Node<{ readonly box: PlacedBox }, 'box'>

/** What boxes show changes often, where they are does not: it reaches them past the drawing. */
const ShownContext = createContext<Shown | null>(null)

const NODE_TYPES = { box: BoxView }
const FIT = { maxZoom: 1, minZoom: 0.35, padding: 0.08 }

/** A flow as a chart that can be moved and zoomed. Steps open when they are pressed. */
export function FlowChart({ drawing, states, ended, step, onStep }: FlowChartProps) {
	const wasMoved = useRef(false)
	const shown = useMemo(() => ({ states, ended, step, onStep }), [states, ended, step, onStep])
	const nodes = useMemo(() => drawing.boxes.map(toNode), [drawing])
	const edges = useMemo(() => drawing.arrows.map((arrow) => toEdge(arrow, states)), [drawing, states])
	return (
		<ShownContext value={shown}>
			<section className="chart" aria-label="Flow" style={{ height: `min(${drawing.height + 24}px, 72vh)` }}>
				<ReactFlow
					nodes={nodes}
					edges={edges}
					nodeTypes={NODE_TYPES}
					nodesDraggable={false}
					nodesConnectable={false}
					nodesFocusable={false}
					edgesFocusable={false}
					elementsSelectable={false}
					fitView
					fitViewOptions={FIT}
					onMoveStart={(event) => {
						if (event !== null) wasMoved.current = true
					}}
					minZoom={0.1}
					maxZoom={1.6}
					zoomOnScroll={false}
					preventScrolling={false}
				>
					<Background gap={18} size={1} />
					<Controls showInteractive={false} />
					<Refit wasMoved={wasMoved} />
				</ReactFlow>
			</section>
		</ShownContext>
	)
}

/** Shows the whole flow again when there is more or less room, unless somebody has moved it by hand. */
function Refit({ wasMoved }: { readonly wasMoved: { readonly current: boolean } }) {
	const { fitView } = useReactFlow()
	const width = useStore((state) => state.width)
	useEffect(() => {
		if (width > 0 && !wasMoved.current) void fitView(FIT)
	}, [width, fitView, wasMoved])
	return null
}

const toNode = (box: PlacedBox): BoxNode => ({
	...{ id: box.id, type: 'box', data: { box }, position: { x: box.x, y: box.y } },
	...{ width: box.width, height: box.height },
})

function toEdge({ id, from, to, label, kind }: Arrow, states: ReadonlyMap<string, BoxState>): Edge {
	const wasTaken = isReached(states.get(from)) && isReached(states.get(to))
	const isBack = kind === 'back'
	return {
		...{ id, source: from, target: to, type: 'smoothstep', className: `arrow arrow-${kind}${wasTaken ? ' taken' : ''}` },
		...(label !== '' && { label }),
		...(isBack && { sourceHandle: 'side', targetHandle: 'side', pathOptions: { offset: 22 } }),
		markerEnd: { type: MarkerType.ArrowClosed, width: 14, height: 14 },
	}
}

const isReached = (state: BoxState | undefined): boolean => state !== undefined && state.word !== null

function BoxView({ data: { box } }: NodeProps<BoxNode>) {
	const shown = useContext(ShownContext)
	const state = shown?.states.get(box.id)
	const newest = state?.entries.at(-1)
	const word = box.kind === 'end' && shown?.ended !== 'running' ? (shown?.ended ?? null) : (state?.word ?? null)
	const common = {
		className: `box ${box.kind}`,
		'data-tone': word === null || word === 'reached' ? undefined : toneOf(word),
		'data-reached': word !== null || undefined,
	}
	return (
		<>
			<Handle type="target" position={Position.Top} />
			<Handle type="target" position={Position.Right} id="side" />
			{newest && shown ? (
				<button
					type="button"
					{...common}
					className={`${common.className} nodrag nopan`}
					aria-pressed={state?.entries.some(({ step_id }) => step_id === shown.step)}
					onClick={() => shown.onStep(newest.step_id)}
				>
					<BoxText box={box} state={state} word={word} />
				</button>
			) : (
				<div {...common}>
					<BoxText box={box} state={state} word={word} />
				</div>
			)}
			<Handle type="source" position={Position.Bottom} />
			<Handle type="source" position={Position.Right} id="side" />
		</>
	)
}

interface BoxTextProps {
	readonly box: PlacedBox
	readonly state: BoxState | undefined
	readonly word: string | null
}

function BoxText({ box, state, word }: BoxTextProps) {
	const rounds = state?.rounds ?? 0
	const about = countsText(state)
	return (
		<>
			<span className="box-title" title={box.title}>
				{box.title}
			</span>
			{box.kind === 'step' ? (
				<span className="box-state">{word === null ? box.about : about}</span>
			) : (
				<span className="box-about" title={box.about}>
					{rounds > 0 ? `${rounds} ${box.kind === 'loop' ? (rounds === 1 ? 'round' : 'rounds') : rounds === 1 ? 'lane' : 'lanes'}: ` : ''}
					{box.about}
				</span>
			)}
		</>
	)
}

/** `passed`, or `3 passed, 1 running` where there were several. */
function countsText(state: BoxState | undefined): string {
	const counts = Object.entries(state?.counts ?? {})
	const [only] = counts
	if (counts.length === 1 && only?.[1] === 1) return wordText(only[0])
	return counts.map(([word, count]) => `${count} ${wordText(word)}`).join(', ')
}
