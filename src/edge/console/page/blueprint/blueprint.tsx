import type { HistoryEntry } from '../../../../protocol/blueprint-route.ts'
import type { Event } from '../../../../protocol/event.ts'
import { pathId } from '../../../client/client.ts'
import { useQuery } from '../../live/query.ts'
import { Choice } from '../../part/choice.tsx'
import { Json } from '../../part/json.tsx'
import { PageHead } from '../../part/page-head.tsx'
import { Nothing, Shown } from '../../part/shown.tsx'
import { Status } from '../../part/status.tsx'
import { When } from '../../part/time.tsx'
import { Id, To } from '../../part/to.tsx'
import { go } from '../../route.ts'
import { hrefOf, type Route } from '../../view/address.ts'
import { documentText, versionName } from '../../view/blueprint.ts'
import { BlueprintAgents } from './agents.tsx'
import { BlueprintChange } from './change.tsx'
import { BlueprintCheck } from './check.tsx'
import { BlueprintFlow } from './flow.tsx'
import { ArchiveButton, RestoreButton } from './move.tsx'
import { useVersion } from './version-query.tsx'
import { BlueprintVersions } from './versions.tsx'

const VIEWS = [
	['flow', 'Flow'],
	['agents', 'Agents'],
	['document', 'Document'],
	['versions', 'Versions'],
	['changes', 'Changes'],
	['check', 'Check'],
] as const

const MOST_VERSIONS = 200

/** One Blueprint: its flow, its document and its versions, the head unless the address names another. */
export function BlueprintPage({ id, route }: { readonly id: string; readonly route: Route }) {
	const touches = ({ kind, data }: Event): boolean => kind.startsWith('blueprint.') && data.id === id
	const history = useQuery(
		`blueprint/${id}/history`,
		(client) => client.answer(client.v1.blueprints(pathId(id)).history.get({ query: { limit: MOST_VERSIONS } })),
		touches,
	)
	const list = useQuery('blueprints', (client) => client.answer(client.v1.blueprints.get()), touches)
	const isArchived = list.data?.blueprints.find((blueprint) => blueprint.id === id)?.archived ?? false
	return (
		<div className="split-list wide">
			<p className="crumb">
				<To to={['blueprints']}>Blueprints</To>
			</p>
			<Shown query={history}>{({ entries }) => <Versioned id={id} route={route} entries={entries} isArchived={isArchived} />}</Shown>
		</div>
	)
}

interface VersionedProps {
	readonly id: string
	readonly route: Route
	/** Newest first. */
	readonly entries: readonly HistoryEntry[]
	readonly isArchived: boolean
}

function Versioned({ id, route, entries, isArchived }: VersionedProps) {
	const [head] = entries
	if (head === undefined) return <Nothing title={`There is no Blueprint ${id}.`} />
	const version = route.query.get('version') ?? head.hash
	const view = route.query.get('view') ?? 'flow'
	const show = (next: string): void =>
		go(hrefOf(['blueprints', id], { view: next === 'flow' ? undefined : next, version: route.query.get('version') ?? undefined }))
	return (
		<>
			<PageHead title={id} beside={<Status word={isArchived ? 'archived' : 'head'} tone={isArchived ? 'calm' : 'good'} />}>
				{!isArchived && (
					<To to={['runs', 'new']} query={{ blueprint: id }} className="button primary">
						Launch
					</To>
				)}
				<ArchiveButton id={id} isArchived={isArchived} />
			</PageHead>
			<About shown={entries.find(({ hash }) => hash === version)} head={head} id={id} version={version} />
			<Choice label="What to look at" options={VIEWS} value={view} onChange={show} />
			{view === 'versions' ? (
				<BlueprintVersions id={id} entries={entries} />
			) : view === 'changes' ? (
				<BlueprintChange id={id} entries={entries} to={version} from={route.query.get('from')} />
			) : view === 'check' ? (
				<BlueprintCheck id={id} />
			) : (
				<Document id={id} version={version} view={view} />
			)}
		</>
	)
}

interface AboutProps {
	/** Undefined for one that is older than the history that was read. */
	readonly shown: HistoryEntry | undefined
	readonly head: HistoryEntry
	readonly id: string
	readonly version: string
}

/** Which version is looked at, who made it and why. */
function About({ shown, head, id, version }: AboutProps) {
	return (
		<>
			{version !== head.hash && (
				<div className="note with-action" data-tone="warns">
					<p>
						This is an earlier version, not the <To to={['blueprints', id]}>head</To>.
					</p>
					<RestoreButton id={id} version={version} head={head.hash} />
				</div>
			)}
			<p className="byline">
				{shown ? <strong>{versionName(shown)}</strong> : <Id id={version} />}
				{shown && (
					<>
						{' '}
						by {shown.author}, <When at={shown.at} />: {shown.rationale}
					</>
				)}
			</p>
		</>
	)
}

function Document({ id, version, view }: { readonly id: string; readonly version: string; readonly view: string }) {
	const query = useVersion(id, version)
	return (
		<Shown query={query}>
			{(document) => {
				if (view === 'agents') return <BlueprintAgents blueprint={document.blueprint} />
				if (view === 'document') return <Json value={documentText(document)} label={`Document of ${id}`} />
				return <BlueprintFlow blueprint={document.blueprint} />
			}}
		</Shown>
	)
}
