import type { Event } from '../../../../protocol/event.ts'
import { useQuery } from '../../live/query.ts'
import { Choice } from '../../part/choice.tsx'
import { PageHead } from '../../part/page-head.tsx'
import { Nothing, Shown } from '../../part/shown.tsx'
import { Status } from '../../part/status.tsx'
import { Age } from '../../part/time.tsx'
import { To } from '../../part/to.tsx'
import { go } from '../../route.ts'
import { hrefOf, type Route } from '../../view/address.ts'
import { BlueprintPage } from './blueprint.tsx'

const FILTERS = [
	['kept', 'In use'],
	['archived', 'Archived'],
] as const

const touchesBlueprints = ({ kind }: Event): boolean => kind.startsWith('blueprint.')

/** All Blueprints, or one of them. */
export function BlueprintsPage({ route }: { readonly route: Route }) {
	const [id] = route.rest
	return id === undefined ? <BlueprintList route={route} /> : <BlueprintPage key={id} id={id} route={route} />
}

function BlueprintList({ route }: { readonly route: Route }) {
	const filter = route.query.get('filter') ?? 'kept'
	const query = useQuery('blueprints', (client) => client.answer(client.v1.blueprints.get()), touchesBlueprints)
	return (
		<section className="split-list" aria-label="Blueprints">
			<PageHead title="Blueprints" about="What can be run: a flow and the agents it calls, in versions." />
			<Choice
				label="Which Blueprints"
				options={FILTERS}
				value={filter}
				onChange={(next) => go(hrefOf(['blueprints'], { filter: next === 'kept' ? undefined : next }))}
			/>
			<Shown query={query}>
				{({ blueprints }) => {
					const shown = blueprints.filter(({ archived }) => archived === (filter === 'archived'))
					return (
						<>
							{shown.length === 0 && <NoBlueprints isArchive={filter === 'archived'} />}
							<ul className="cards">
								{shown.map((blueprint) => (
									<BlueprintCard key={blueprint.id} {...blueprint} />
								))}
							</ul>
						</>
					)
				}}
			</Shown>
		</section>
	)
}

function NoBlueprints({ isArchive }: { readonly isArchive: boolean }) {
	if (isArchive) return <Nothing title="Nothing is archived." />
	return (
		<Nothing title="There is no Blueprint yet.">
			Write one with <code>mse-server bp new single NAME</code> and store it with <code>mse-server bp push FILE</code>, or start the server
			with <code>--seed-samples</code>.
		</Nothing>
	)
}

interface CardProps {
	readonly id: string
	readonly version: string
	readonly version_label: string | null
	readonly archived: boolean
	readonly committed_at: number
}

function BlueprintCard({ id, version, version_label, archived, committed_at }: CardProps) {
	return (
		<li>
			<To to={['blueprints', id]} className="card">
				<span className="card-head">
					<span className="card-title">{id}</span>
					{archived && <Status word="archived" />}
				</span>
				<span className="card-facts">
					{version_label !== null && <span className="number">{version_label}</span>}
					<code>{version.slice(0, 12)}</code>
					<span>
						changed <Age at={committed_at} /> ago
					</span>
				</span>
			</To>
		</li>
	)
}
