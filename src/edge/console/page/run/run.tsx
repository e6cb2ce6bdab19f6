import { useMemo } from 'react'
import type { Event } from '../../../../protocol/event.ts'
import type { OpenRequestRecord } from '../../../../protocol/open-request.ts'
import type { RunRecord } from '../../../../protocol/run.ts'
import { pathId } from '../../../client/client.ts'
import { useQuery } from '../../live/query.ts'
import { useRunEvents } from '../../live/run-events.ts'
import { Choice } from '../../part/choice.tsx'
import { Facts } from '../../part/facts.tsx'
import { PageHead } from '../../part/page-head.tsx'
import { Shown } from '../../part/shown.tsx'
import { Status } from '../../part/status.tsx'
import { Age, When } from '../../part/time.tsx'
import { Id, To } from '../../part/to.tsx'
import { go } from '../../route.ts'
import { hrefOf, type Route } from '../../view/address.ts'
import { durationText } from '../../view/duration.ts'
import { isOver, runWord, waitingSteps } from '../../view/run.ts'
import { triesOf } from '../../view/timeline.ts'
import { StepPane } from '../step/step.tsx'
import { RunActions } from './actions.tsx'
import { RunEvents } from './events.tsx'
import { RunFlow } from './flow.tsx'
import { RunResult } from './result.tsx'
import { RunTimeline } from './timeline.tsx'
import { RunTrouble } from './trouble.tsx'

const VIEWS = [
	['flow', 'Flow'],
	['timeline', 'Timeline'],
	['events', 'Events'],
	['result', 'Result'],
] as const

/** One run: how it stands, what can be done about it, and its steps as a graph, over time and one by one. */
export function RunPage({ id, route }: { readonly id: string; readonly route: Route }) {
	const query = useQuery(
		`run/${id}`,
		(client) => client.answer(client.v1.runs(pathId(id)).get()),
		(event) => event.run_id === id,
	)
	const step = route.query.get('step')
	const view = route.query.get('view')
	// The flow alone does not need them, and a long run has many.
	const events = useRunEvents(step !== null || view === 'timeline' || view === 'events' ? id : null)
	const closed = hrefOf(['runs', id], { view: view ?? undefined })
	return (
		<div className="split wide" data-open={step !== null || undefined}>
			<section className="split-list" aria-label={`Run ${id}`}>
				<Shown query={query}>{(run) => <Run run={run} route={route} events={events} onDone={query.refresh} />}</Shown>
			</section>
			{step !== null && (
				<aside className="split-detail" aria-label="Step">
					<StepPane key={step} id={step} run={query.data} events={events} view={view ?? undefined} close={closed} />
				</aside>
			)}
		</div>
	)
}

interface RunProps {
	readonly run: RunRecord
	readonly route: Route
	readonly events: readonly Event[]
	readonly onDone: () => void
}

function Run({ run, route, events, onDone }: RunProps) {
	const view = route.query.get('view') ?? 'flow'
	const requests = useOpenRequests(run.id)
	const step = route.query.get('step') ?? undefined
	const open = (stepId: string): void => go(hrefOf(['runs', run.id], { view: route.query.get('view') ?? undefined, step: stepId }))
	return (
		<>
			<p className="crumb">
				<To to={['runs']}>Runs</To>
			</p>
			<PageHead title={run.blueprint_id ?? 'Inline Blueprint'} beside={<Status word={runWord(run)} />}>
				<RunActions run={run} onDone={onDone} />
			</PageHead>
			<RunFacts run={run} />
			<RunTrouble run={run} requests={requests} />
			<Choice
				label="View"
				options={VIEWS}
				value={view}
				onChange={(next) => go(hrefOf(['runs', run.id], { view: next === 'flow' ? undefined : next, step }))}
			/>
			<RunView run={run} events={events} requests={requests} view={view} step={step} onStep={open} />
		</>
	)
}

function RunFacts({ run }: { readonly run: RunRecord }) {
	const { id, task_id, version, created_at, updated_at, generation, parent, current, work_limit } = run
	const seats = Object.entries(current).map(([slot, { op, desc }]) => `${slot}: ${desc || op}`)
	return (
		<Facts
			facts={[
				['Run', <Id id={id} />],
				['Started', <When at={created_at * 1000} />],
				isOver(run) ? ['Ended', <When at={updated_at * 1000} />] : ['Goes on for', <Age at={created_at * 1000} />],
				['Version', <code className="id">{version.slice(0, 12)}</code>],
				['Task', <Id id={task_id} />],
				['Generation', generation > 1 && <span className="number">{generation}</span>],
				['Asked for by', parent && <Id id={parent.run_id} to={['runs', parent.run_id]} />],
				['Time to work', work_limit && `${durationText(work_limit.used_ms)} of ${durationText(work_limit.ms)}`],
				['Seats', seats.join(', ')],
			]}
		/>
	)
}

interface RunViewProps {
	readonly run: RunRecord
	readonly events: readonly Event[]
	readonly requests: readonly OpenRequestRecord[]
	readonly view: string
	readonly step: string | undefined
	readonly onStep: (stepId: string) => void
}

function RunView({ run, events, requests, view, step, onStep }: RunViewProps) {
	const waiting = useMemo(() => waitingSteps(run, requests), [run, requests])
	const tries = useMemo(() => triesOf(events), [events])
	switch (view) {
		case 'timeline':
			return <RunTimeline run={run} tries={tries} waiting={waiting} step={step} onStep={onStep} />
		case 'events':
			return <RunEvents events={events} onStep={onStep} />
		case 'result':
			return <RunResult run={run} />
		default:
			return <RunFlow run={run} waiting={waiting} step={step} onStep={onStep} />
	}
}

/** What operators were asked for in the run and have not answered. */
function useOpenRequests(runId: string): readonly OpenRequestRecord[] {
	const { data } = useQuery(
		`requests/${runId}`,
		(client) => client.answer(client.v1.requests.get({ query: { run: runId } })),
		({ kind, run_id }) => (run_id === runId && kind.startsWith('request.')) || kind.startsWith('session.'),
	)
	return data?.requests ?? NONE
}

const NONE: readonly OpenRequestRecord[] = []
