import type { Event } from '../../../../protocol/event.ts'
import type { WorkerStatus, WorkerSummary } from '../../../../protocol/runtime-worker.ts'
import { useQuery } from '../../live/query.ts'
import { Choice } from '../../part/choice.tsx'
import { PageHead } from '../../part/page-head.tsx'
import { Nothing, Shown } from '../../part/shown.tsx'
import { Split } from '../../part/split.tsx'
import { Status } from '../../part/status.tsx'
import { Age } from '../../part/time.tsx'
import { To } from '../../part/to.tsx'
import { go } from '../../route.ts'
import { hrefOf, type Route } from '../../view/address.ts'
import { workerTitle, workerWord } from '../../view/worker.ts'
import { NewWorker } from './new-worker.tsx'
import { RuntimeToken, useProfiles, wantsToken } from './profile.tsx'
import { WorkerPane } from './worker.tsx'

const FILTERS = [
	['running', 'Running'],
	['stopped', 'Stopped'],
	['cancelled', 'Cancelled'],
	['all', 'All'],
] as const

const PAGE_SIZE = 100

const touchesList = ({ kind }: Event): boolean => kind.startsWith('worker.') && kind !== 'worker.observed' && kind !== 'worker.diagnosed'

/** Long-lived workers on the left, one of them with its transcript on the right. */
export function WorkersPage({ route }: { readonly route: Route }) {
	const status = route.query.get('status') ?? 'running'
	const profile = route.query.get('profile') ?? ''
	const open = route.rest[0]
	const filter = (next: { readonly status: string; readonly profile: string }): void =>
		go(hrefOf(['workers'], { status: next.status === 'running' ? undefined : next.status, profile: next.profile }))
	const profiles = useProfiles()
	if (wantsToken(profiles)) return <Locked onDone={profiles.refresh} />
	const back = hrefOf(['workers'], { status: route.query.get('status') ?? undefined, profile })
	return (
		<Split label="Workers" open={open && { label: `Worker ${open}`, pane: <WorkerPane key={open} id={open} back={back} /> }}>
			<Head />
			<NewWorker />
			<div className="filters">
				<Choice label="Which workers" options={FILTERS} value={status} onChange={(next) => filter({ status: next, profile })} />
				<ProfileFilter profile={profile} onChange={(next) => filter({ status, profile: next })} />
			</div>
			<WorkerList status={status} profile={profile} after={route.query.get('after') ?? ''} open={open} />
		</Split>
	)
}

const Head = () => <PageHead title="Workers" about="Long-lived workers that one talks to, each with its transcript." />

function Locked({ onDone }: { readonly onDone: () => void }) {
	return (
		<>
			<Head />
			<RuntimeToken onDone={onDone} />
		</>
	)
}

function ProfileFilter({ profile, onChange }: { readonly profile: string; readonly onChange: (profile: string) => void }) {
	const names = useProfiles().data?.profiles.map(({ name }) => name) ?? []
	return (
		<select className="fit" aria-label="Profile" value={profile} onChange={(event) => onChange(event.target.value)}>
			<option value="">Every profile</option>
			{[...new Set([...names, ...(profile === '' ? [] : [profile])])].map((name) => (
				<option key={name}>{name}</option>
			))}
		</select>
	)
}

interface ListProps {
	readonly status: string
	readonly profile: string
	/** The last worker of the page before. */
	readonly after: string
	readonly open: string | undefined
}

function WorkerList({ status, profile, after, open }: ListProps) {
	const query = useQuery(
		`workers/${status}/${profile}/${after}`,
		(client) =>
			client.answer(
				client.v1.workers.get({
					query: {
						...(status !== 'all' && { status: status as WorkerStatus }),
						...(profile !== '' && { profile }),
						...(after !== '' && { after }),
						limit: PAGE_SIZE,
					},
				}),
			),
		touchesList,
	)
	const kept = { status: status === 'running' ? undefined : status, profile }
	return (
		<Shown query={query}>
			{({ workers, next_after }) => (
				<>
					{workers.length === 0 && <NoWorkers isFiltered={status !== 'running' || profile !== ''} />}
					<ul className="cards">
						{workers.map((worker) => (
							<WorkerCard key={worker.worker_id} worker={worker} query={kept} isOpen={worker.worker_id === open} />
						))}
					</ul>
					{next_after !== undefined && (
						<To to={['workers']} query={{ ...kept, after: next_after }} className="more">
							More
						</To>
					)}
				</>
			)}
		</Shown>
	)
}

function NoWorkers({ isFiltered }: { readonly isFiltered: boolean }) {
	if (isFiltered) return <Nothing title="There are none." />
	return (
		<Nothing title="No worker is running.">
			What runs them is a profile: a table <code>[runtime.profiles.NAME]</code> of the config file, an operator, or an agent of the hive.
		</Nothing>
	)
}

interface CardProps {
	readonly worker: WorkerSummary
	readonly query: { readonly [key: string]: string | undefined }
	readonly isOpen: boolean
}

function WorkerCard({ worker, query, isOpen }: CardProps) {
	const { worker_id, backend_profile, transcript_len, updated_at } = worker
	return (
		<li>
			<To to={['workers', worker_id]} query={query} className="card" isHere={isOpen}>
				<span className="card-head">
					<span className="card-title">{workerTitle(worker)}</span>
					<Status word={workerWord(worker)} />
				</span>
				<span className="card-facts">
					<span>{backend_profile}</span>
					<span className="number">
						{transcript_len} {transcript_len === 1 ? 'line' : 'lines'}
					</span>
					<span>
						<Age at={updated_at} /> ago
					</span>
				</span>
			</To>
		</li>
	)
}
