import type { Event } from '../../../../protocol/event.ts'
import type { RunRecord } from '../../../../protocol/run.ts'
import { useNow } from '../../live/now.ts'
import { useQuery } from '../../live/query.ts'
import { Choice } from '../../part/choice.tsx'
import { PageHead } from '../../part/page-head.tsx'
import { Nothing, Shown } from '../../part/shown.tsx'
import { Status } from '../../part/status.tsx'
import { Age } from '../../part/time.tsx'
import { To } from '../../part/to.tsx'
import { go } from '../../route.ts'
import { hrefOf, type Route } from '../../view/address.ts'
import { bulkFilter, meantText } from '../../view/bulk.ts'
import { runTook, runWord, stepsText } from '../../view/run.ts'
import { wordText } from '../../view/tone.ts'
import { RunBulk } from './bulk.tsx'
import { LaunchPage } from './launch.tsx'
import { RunPage } from './run.tsx'

const STATUSES = [
	['', 'All'],
	['running', 'Running'],
	['done', 'Done'],
	['failed', 'Failed'],
	['cancelled', 'Cancelled'],
	['interrupted', 'Interrupted'],
] as const

const PHASES = ['running', 'waiting', 'waiting_approval', 'paused', 'parked'] as const
const PAGE_SIZE = 50
/** Phases are known of unfinished runs alone, and told apart here: so many of the newest are looked at. */
const PHASE_PAGE_SIZE = 500

export const touchesRuns = ({ kind }: Event): boolean => kind.startsWith('run.') || kind.startsWith('step.') || kind.startsWith('approval.')

/** All runs, one of them, or the form that begins one. */
export function RunsPage({ route }: { readonly route: Route }) {
	const [id] = route.rest
	if (id === 'new') return <LaunchPage route={route} />
	if (id !== undefined) return <RunPage key={id} id={id} route={route} />
	return <RunsList route={route} />
}

/** How many go on. */
export function RunCount() {
	const { data } = useQuery(
		'runs/count',
		(client) => client.answer(client.v1.status.get()),
		({ kind }) => kind.startsWith('run.'),
	)
	if (!data || data.running_runs === 0) return null
	return (
		<span className="count" data-tone="busy">
			{data.running_runs}
			<span className="unseen"> running</span>
		</span>
	)
}

interface Filter {
	readonly status: string
	readonly phase: string
	readonly blueprint: string
	readonly offset: number
}

function filterOf({ query }: Route): Filter {
	const phase = query.get('phase') ?? ''
	return {
		status: phase === '' ? (query.get('status') ?? '') : 'running',
		phase,
		blueprint: query.get('blueprint') ?? '',
		offset: Number(query.get('offset') ?? 0) || 0,
	}
}

/** A change of the filter begins at the first page. */
const hrefFor = (filter: Filter): string =>
	hrefOf(['runs'], {
		status: filter.phase === '' ? filter.status : '',
		phase: filter.phase,
		blueprint: filter.blueprint,
		offset: filter.offset > 0 ? String(filter.offset) : '',
	})

function RunsList({ route }: { readonly route: Route }) {
	const filter = filterOf(route)
	const choose = (change: Partial<Filter>): void => go(hrefFor({ ...filter, offset: 0, ...change }))
	return (
		<>
			<PageHead title="Runs">
				<To to={['runs', 'new']} className="button primary">
					Launch
				</To>
			</PageHead>
			<div className="filters">
				<Choice label="Status" options={STATUSES} value={filter.status} onChange={(status) => choose({ status, phase: '' })} />
				<label className="filter">
					<span>Phase</span>
					<select value={filter.phase} onChange={(event) => choose({ phase: event.target.value })}>
						<option value="">any</option>
						{PHASES.map((phase) => (
							<option key={phase} value={phase}>
								{wordText(phase)}
							</option>
						))}
					</select>
				</label>
				<BlueprintFilter value={filter.blueprint} onChange={(blueprint) => choose({ blueprint })} />
			</div>
			<RunTable filter={filter} />
		</>
	)
}

function BlueprintFilter({ value, onChange }: { readonly value: string; readonly onChange: (blueprint: string) => void }) {
	const { data } = useQuery(
		'blueprints',
		(client) => client.answer(client.v1.blueprints.get()),
		({ kind }) => kind.startsWith('blueprint.'),
	)
	const ids = (data?.blueprints ?? []).map(({ id }) => id)
	return (
		<label className="filter">
			<span>Blueprint</span>
			<select value={value} onChange={(event) => onChange(event.target.value)}>
				<option value="">any</option>
				{[...new Set([...ids, ...(value === '' ? [] : [value])])].map((id) => (
					<option key={id} value={id}>
						{id}
					</option>
				))}
			</select>
		</label>
	)
}

function RunTable({ filter }: { readonly filter: Filter }) {
	const { status, phase, blueprint, offset } = filter
	const size = phase === '' ? PAGE_SIZE : PHASE_PAGE_SIZE
	const query = useQuery(
		`runs/${status}/${phase}/${blueprint}/${offset}`,
		async (client) => {
			const given = { ...(status !== '' && { status: status as RunRecord['status'] }), ...(blueprint !== '' && { blueprint }) }
			const { runs } = await client.answer(client.v1.runs.get({ query: { ...given, limit: size, offset } }))
			return { runs: phase === '' ? runs : runs.filter((run) => run.phase === phase), hasMore: runs.length === size }
		},
		touchesRuns,
	)
	return (
		<Shown query={query}>
			{({ runs, hasMore }) => (
				<>
					{isSteerable(status) && (
						<RunBulk
							key={`${status}/${phase}/${blueprint}`}
							filter={bulkFilter(filter, runs)}
							meant={runs.length === 0 ? null : meantText(filter, runs.length)}
							onDone={query.refresh}
						/>
					)}
					{runs.length === 0 ? <NoRuns isFiltered={`${status}${phase}${blueprint}` !== '' || offset > 0} /> : <Table runs={runs} />}
					<nav className="pager" aria-label="Pages of runs">
						{offset > 0 && <a href={hrefFor({ ...filter, offset: Math.max(0, offset - size) })}>Newer</a>}
						{hasMore && <a href={hrefFor({ ...filter, offset: offset + size })}>Older</a>}
					</nav>
				</>
			)}
		</Shown>
	)
}

/** Runs that are over stay as they are. */
const isSteerable = (status: string): boolean => status === '' || status === 'running' || status === 'interrupted'

function NoRuns({ isFiltered }: { readonly isFiltered: boolean }) {
	if (isFiltered) return <Nothing title="No run fits." />
	return (
		<Nothing title="Nothing ran yet.">
			<To to={['runs', 'new']}>Launch a Blueprint</To>, or <code>POST /v1/tasks</code>.
		</Nothing>
	)
}

function Table({ runs }: { readonly runs: readonly RunRecord[] }) {
	return (
		<table className="table">
			<thead>
				<tr>
					<th scope="col">Run</th>
					<th scope="col">Status</th>
					<th scope="col" className="number">
						Steps
					</th>
					<th scope="col" className="number">
						Took
					</th>
					<th scope="col" className="number">
						Started
					</th>
				</tr>
			</thead>
			<tbody>
				{runs.map((run) => (
					<Row key={run.id} run={run} />
				))}
			</tbody>
		</table>
	)
}

function Row({ run }: { readonly run: RunRecord }) {
	const now = useNow()
	return (
		<tr>
			<td>
				<To to={['runs', run.id]} className="row-link">
					<span className="row-title">{run.blueprint_id ?? 'inline'}</span>
					<span className="id">{run.id}</span>
				</To>
			</td>
			<td>
				<Status word={runWord(run)} />
			</td>
			<td className="number" data-label="steps">
				{stepsText(run)}
			</td>
			<td className="number" data-label="took">
				{runTook(run, now)}
			</td>
			<td className="number" data-label="started">
				<Age at={run.created_at * 1000} /> ago
			</td>
		</tr>
	)
}
