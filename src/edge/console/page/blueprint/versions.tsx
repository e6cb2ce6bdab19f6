import type { HistoryEntry } from '../../../../protocol/blueprint-route.ts'
import { PageSizeHint } from '../../part/page-size-hint.tsx'
import { Status } from '../../part/status.tsx'
import { Age } from '../../part/time.tsx'
import { To } from '../../part/to.tsx'
import { versionName } from '../../view/blueprint.ts'
import { RestoreButton } from './move.tsx'

const MOST_VERSIONS = 200

/** Every commit, the newest first; what is restored is a new one. */
export function BlueprintVersions({ id, entries }: { readonly id: string; readonly entries: readonly HistoryEntry[] }) {
	const [head] = entries
	if (head === undefined) return null
	return (
		<>
			<ul className="rows versions">
				{entries.map((entry) => (
					<li key={entry.seq}>
						<span className="grows">
							<To to={['blueprints', id]} query={entry.seq === head.seq ? {} : { version: entry.hash }}>
								{versionName(entry)}
							</To>
							<span className="card-facts">
								<span>{entry.rationale}</span>
								<span>{entry.author}</span>
								<span>
									<Age at={entry.at} /> ago
								</span>
							</span>
						</span>
						{entry.parent !== null && (
							<To to={['blueprints', id]} query={{ view: 'changes', version: entry.hash, from: entry.parent }} className="button">
								Changes<span className="unseen"> of {versionName(entry)}</span>
							</To>
						)}
						{entry.hash === head.hash ? (
							<Status word="head" tone="good" />
						) : (
							<RestoreButton id={id} version={entry.hash} head={head.hash} />
						)}
					</li>
				))}
			</ul>
			<PageSizeHint isFull={entries.length === MOST_VERSIONS} count={entries.length} what="versions" />
		</>
	)
}
