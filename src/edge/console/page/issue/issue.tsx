import type { EnhanceLogEntry, GetIssueResponse } from '../../../../protocol/enhance.ts'
import { pathId } from '../../../client/client.ts'
import { useAction, useQuery } from '../../live/query.ts'
import { Back } from '../../part/back.tsx'
import { Facts } from '../../part/facts.tsx'
import { Failure, Shown } from '../../part/shown.tsx'
import { Status } from '../../part/status.tsx'
import { When } from '../../part/time.tsx'
import { Id, To } from '../../part/to.tsx'

/** One issue: what was wished for, how it ended, and what was found on the way. */
export function IssuePane({ id, back }: { readonly id: string; readonly back: string }) {
	const query = useQuery(
		`issue/${id}`,
		(client) => client.answer(client.v1.issues(pathId(id)).get()),
		({ kind, data }) => kind.startsWith('issue.') && data.issue_id === id,
	)
	return (
		<article className="detail">
			<Back href={back}>All issues</Back>
			<Shown query={query}>
				{(issue) => (
					<>
						<Issue issue={issue} />
						{(issue.status === 'applied' || issue.status === 'rejected') && <Found issue={issue} />}
					</>
				)}
			</Shown>
		</article>
	)
}

function Issue({ issue }: { readonly issue: GetIssueResponse }) {
	const { issue_id, status, blueprint_id, intent, reason, new_version, run_id, attempt, interrupted = reason } = issue
	const retrying = useAction((client) => client.answer(client.v1.issues(pathId(issue_id)).retry.post()))
	return (
		<>
			<header className="detail-head">
				<h2>{intent}</h2>
				<Status word={status} />
			</header>
			{interrupted !== null && <p className="trouble">{interrupted}</p>}
			<Facts
				facts={[
					['Issue', <Id id={issue_id} />],
					['Blueprint', blueprint_id !== null && <To to={['blueprints', blueprint_id]}>{blueprint_id}</To>],
					['Run', run_id !== null && <Id id={run_id} to={['runs', run_id]} />],
					['Attempt', attempt > 0 && <span className="number">{attempt}</span>],
					[
						'Led to',
						blueprint_id !== null && new_version !== null && (
							<To to={['blueprints', blueprint_id]} query={{ view: 'changes', version: new_version }} className="id">
								{new_version.slice(0, 12)}
							</To>
						),
					],
				]}
			/>
			{status === 'rejected' && (
				<div className="actions">
					<button type="button" disabled={retrying.isBusy} onClick={() => void retrying.start()}>
						Try again
					</button>
				</div>
			)}
			<Failure error={retrying.error} />
		</>
	)
}

/** What the log has of its end. */
function Found({ issue: { issue_id, status, attempt } }: { readonly issue: GetIssueResponse }) {
	const query = useQuery(
		`issue/${issue_id}/log/${status}/${attempt}`,
		(client) => client.answer(client.v1.enhance.log({ issue_id: encodeURIComponent(issue_id) }).get()),
		() => false,
	)
	return <Shown query={query}>{(entry) => <Entry entry={entry} />}</Shown>
}

function Entry({ entry: { rationale, verdicts, reasons, ts_ms } }: { readonly entry: EnhanceLogEntry }) {
	return (
		<>
			{rationale !== '' && (
				<section>
					<h3>Why it was proposed so</h3>
					<p className="prose">{rationale}</p>
				</section>
			)}
			<section>
				<h3>
					Verdicts, <When at={ts_ms} />
				</h3>
				{verdicts.length === 0 && <p className="hint">No verifier came to look.</p>}
				<ul className="rows">
					{verdicts.map(({ axis, status, detail }) => (
						<li key={axis}>
							<Status word={status} tone={status === 'pass' ? 'good' : 'bad'} />
							<span className="grows">
								<strong>{axis}</strong>
								<span className="check-detail">{detail}</span>
							</span>
						</li>
					))}
				</ul>
			</section>
			{reasons.length > 0 && (
				<section>
					<h3>Why it was rejected</h3>
					<ul className="rows">
						{reasons.map((reason) => (
							<li key={reason}>{reason}</li>
						))}
					</ul>
				</section>
			)}
		</>
	)
}
