import { useId, useMemo } from 'react'
import type { HistoryEntry } from '../../../../protocol/blueprint-route.ts'
import { pathId } from '../../../client/client.ts'
import { useQuery } from '../../live/query.ts'
import { Diff } from '../../part/diff.tsx'
import { Nothing, Shown } from '../../part/shown.tsx'
import { go } from '../../route.ts'
import { hrefOf } from '../../view/address.ts'
import { distinctVersions, documentDiff, type ReadDocument, versionName } from '../../view/blueprint.ts'
import { useVersion } from './version-query.tsx'

export interface BlueprintChangeProps {
	readonly id: string
	readonly entries: readonly HistoryEntry[]
	readonly to: string
	/** The version before `to` when null. */
	readonly from: string | null
}

/** What makes one version into another, by line and by place. */
export function BlueprintChange({ id, entries, to, from }: BlueprintChangeProps) {
	const parent = entries.find(({ hash }) => hash === to)?.parent ?? null
	const before = from ?? parent
	const choose = (next: { readonly from?: string; readonly to?: string }): void =>
		go(hrefOf(['blueprints', id], { view: 'changes', from: next.from ?? before ?? undefined, version: next.to ?? to }))
	return (
		<>
			<div className="row">
				<VersionChoice label="From" entries={entries} value={before} onChange={(hash) => choose({ from: hash })} />
				<VersionChoice label="To" entries={entries} value={to} onChange={(hash) => choose({ to: hash })} />
			</div>
			{before === null ? <Nothing title="This is the first version." /> : <Changes id={id} from={before} to={to} />}
		</>
	)
}

interface ChoiceProps {
	readonly label: string
	readonly entries: readonly HistoryEntry[]
	readonly value: string | null
	readonly onChange: (hash: string) => void
}

function VersionChoice({ label, entries, value, onChange }: ChoiceProps) {
	const id = useId()
	return (
		<div className="field">
			<label htmlFor={id}>{label}</label>
			<select id={id} value={value ?? ''} onChange={(event) => onChange(event.target.value)}>
				{value === null && <option value="">Nothing</option>}
				{distinctVersions(entries).map((entry) => (
					<option key={entry.hash} value={entry.hash}>
						{versionName(entry)} {entry.rationale.slice(0, 60)}
					</option>
				))}
			</select>
		</div>
	)
}

function Changes({ id, from, to }: { readonly id: string; readonly from: string; readonly to: string }) {
	const before = useVersion(id, from)
	const after = useVersion(id, to)
	return (
		<>
			<Shown query={before}>{(old) => <Shown query={after}>{(next) => <Lines before={old} after={next} />}</Shown>}</Shown>
			<Places id={id} from={from} to={to} />
		</>
	)
}

function Lines({ before, after }: { readonly before: ReadDocument; readonly after: ReadDocument }) {
	const diff = useMemo(() => documentDiff(before, after), [before, after])
	if (diff === '') return <Nothing title="They are alike." />
	if (diff === null) return <Nothing title="Too much differs to compare it line by line." />
	return <Diff diff={diff} label="Lines that differ" />
}

/** The same as a patch, place by place: short where the lines are many. */
function Places({ id, from, to }: { readonly id: string; readonly from: string; readonly to: string }) {
	const query = useQuery(
		`blueprint/${id}/diff/${from}/${to}`,
		(client) => client.answer(client.v1.blueprints(pathId(id)).diff.get({ query: { from, to } })),
		() => false,
	)
	return (
		<Shown query={query}>
			{({ patch }) =>
				patch.length > 0 && (
					<details>
						<summary>By place ({patch.length})</summary>
						<Diff diff={patch} label="Places that differ" />
					</details>
				)
			}
		</Shown>
	)
}
