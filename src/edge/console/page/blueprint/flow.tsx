import { useMemo } from 'react'
import { FlowChart } from '../../part/flow-chart.tsx'
import { Nothing } from '../../part/shown.tsx'
import { documentDrawing } from '../../view/blueprint.ts'

const NO_STATES: ReadonlyMap<string, never> = new Map()
const nothing = (): void => {}

/** The flow of a version as a graph in which nothing happened yet. */
export function BlueprintFlow({ blueprint }: { readonly blueprint: unknown }) {
	const drawing = useMemo(() => documentDrawing(blueprint), [blueprint])
	if (drawing === null)
		return <Nothing title="This flow cannot be drawn.">It is written in an older spelling; its document shows all of it.</Nothing>
	return <FlowChart drawing={drawing} states={NO_STATES} ended="running" step={undefined} onStep={nothing} />
}
