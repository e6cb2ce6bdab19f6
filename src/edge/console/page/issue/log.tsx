import type { EnhanceLogEntry } from '../../../../protocol/enhance.ts'
import { useQuery } from '../../live/query.ts'
import { PageSizeHint } from '../../part/page-size-hint.tsx'
import { Nothing, Shown } from '../../part/shown.tsx'
import { Status } from '../../part/status.tsx'
import { When } from '../../part/time.tsx'
import { To } from '../../part/to.tsx'

const MOST = 200

/** What became of issues, the newest first. */
export function IssueLog({ open }: { readonly open: string | undefined }) {
	const query = useQuery(
		'issues/log',
		(client) => client.answer(client.v1.enhance.log.get({ query: { limit: MOST } })),
		({ kind }) => kind === 'issue.applied' || kind === 'issue.rejected',
	)
	return (
		<Shown query={query}>
			{(entries) => (
				<>
					{entries.length === 0 && <Nothing title="No issue has ended yet." />}
					<ul className="cards">
						{entries.toReversed().map((entry) => (
							<LogCard key={`${entry.issue_id} ${entry.ts_ms}`} entry={entry} isOpen={entry.issue_id === open} />
						))}
					</ul>
					<PageSizeHint isFull={entries.length === MOST} count={MOST} what="ends" />
				</>
			)}
		</Shown>
	)
}

function LogCard({ entry, isOpen }: { readonly entry: EnhanceLogEntry; readonly isOpen: boolean }) {
	const { issue_id, blueprint_id, intent, rationale, verdicts, status, ts_ms } = entry
	const passed = verdicts.filter((verdict) => verdict.status === 'pass').length
	return (
		<li>
			<To to={['issues', issue_id]} query={{ status: 'log' }} className="card" isHere={isOpen}>
				<span className="card-head">
					<span className="card-title clamped">{intent}</span>
					<Status word={status} />
				</span>
				<span className="card-facts">
					<span>{blueprint_id}</span>
					{verdicts.length > 0 && (
						<span className="number">
							{passed} of {verdicts.length} verdicts pass
						</span>
					)}
					<When at={ts_ms} />
				</span>
				{rationale !== '' && <span className="hint clamped">{rationale}</span>}
			</To>
		</li>
	)
}
