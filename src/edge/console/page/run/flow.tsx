import { useMemo } from 'react'
import type { Blueprint } from '../../../../protocol/blueprint.ts'
import type { RunRecord } from '../../../../protocol/run.ts'
import { pathId } from '../../../client/client.ts'
import { useQuery } from '../../live/query.ts'
import { FlowChart } from '../../part/flow-chart.tsx'
import { Shown } from '../../part/shown.tsx'
import { flowGraph } from '../../view/flow-graph.ts'
import { placeFlow } from '../../view/flow-layout.ts'
import { boxStates } from '../../view/flow-state.ts'

export interface RunFlowProps {
	readonly run: RunRecord
	readonly waiting: ReadonlySet<string>
	/** The step that is looked at. */
	readonly step: string | undefined
	readonly onStep: (stepId: string) => void
}

/** The flow of a run as a graph, coloured by what happened. */
export function RunFlow(props: RunFlowProps) {
	const { id, version } = props.run
	const query = useQuery(
		`run-blueprint/${id}/${version}`,
		async (client) => (await client.answer(client.v1.runs(pathId(id)).blueprint.get())).blueprint as Blueprint,
		() => false,
	)
	return <Shown query={query}>{(blueprint) => <Drawn blueprint={blueprint} {...props} />}</Shown>
}

function Drawn({ blueprint, run, waiting, step, onStep }: RunFlowProps & { readonly blueprint: Blueprint }) {
	const drawing = useMemo(() => {
		const kinds = new Map(blueprint.agents.map(({ name, kind }) => [name, kind]))
		return placeFlow(flowGraph(blueprint.flow, (agent) => kinds.get(agent)))
	}, [blueprint])
	const states = useMemo(() => boxStates(drawing.boxes, run.step_entries, waiting), [drawing, run.step_entries, waiting])
	return <FlowChart drawing={drawing} states={states} ended={run.status} step={step} onStep={onStep} />
}
