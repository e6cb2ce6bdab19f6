import type { GetIssueResponse, IssueStatus } from '../../../../protocol/enhance.ts'
import type { Event } from '../../../../protocol/event.ts'
import { useQuery } from '../../live/query.ts'
import { Choice } from '../../part/choice.tsx'
import { PageHead } from '../../part/page-head.tsx'
import { PageSizeHint } from '../../part/page-size-hint.tsx'
import { Nothing, Shown } from '../../part/shown.tsx'
import { Split } from '../../part/split.tsx'
import { Status } from '../../part/status.tsx'
import { To } from '../../part/to.tsx'
import { go } from '../../route.ts'
import { hrefOf, type Route } from '../../view/address.ts'
import { IssuePane } from './issue.tsx'
import { IssueLog } from './log.tsx'
import { NewIssue } from './new-issue.tsx'

const FILTERS = [
	['all', 'All'],
	['pending', 'Pending'],
	['in_flight', 'At work'],
	['applied', 'Applied'],
	['rejected', 'Rejected'],
	['log', 'Log'],
] as const

const MOST = 200

export const touchesIssues = ({ kind }: Event): boolean => /^(issue\.|run\.(interrupted|resumed)$)/.test(kind)

/** Wishes about Blueprints on the left, what became of one on the right. */
export function IssuesPage({ route }: { readonly route: Route }) {
	const status = route.query.get('status') ?? 'all'
	const open = route.rest[0]
	const back = hrefOf(['issues'], { status: route.query.get('status') ?? undefined })
	return (
		<Split label="Issues" open={open && { label: `Issue ${open}`, pane: <IssuePane key={open} id={open} back={back} /> }}>
			<PageHead title="Issues" about="What shall become of a Blueprint, in words. An operator proposes a patch, verifiers judge it." />
			<LoopIsOff />
			<NewIssue />
			<div className="filters">
				<Choice
					label="Which issues"
					options={FILTERS}
					value={status}
					onChange={(next) => go(hrefOf(['issues'], { status: next === 'all' ? undefined : next }))}
				/>
			</div>
			{status === 'log' ? <IssueLog open={open} /> : <IssueList status={status} open={open} />}
		</Split>
	)
}

/** Issues can be posted and stay as they are. */
function LoopIsOff() {
	const { data } = useQuery(
		'doctor',
		(client) => client.answer(client.v1.doctor.get({ query: {} })),
		() => false,
	)
	if (data?.enhance_flow_enabled !== false) return null
	return (
		<div className="note" data-tone="waits">
			<p>
				Nobody works on issues here. Start the server with <code>--enable-enhance-flow</code>.
			</p>
		</div>
	)
}

function IssueList({ status, open }: { readonly status: string; readonly open: string | undefined }) {
	const query = useQuery(
		`issues/${status}`,
		(client) => client.answer(client.v1.issues.get({ query: { ...(status !== 'all' && { status: status as IssueStatus }), limit: MOST } })),
		touchesIssues,
	)
	const kept = { status: status === 'all' ? undefined : status }
	return (
		<Shown query={query}>
			{({ issues }) => (
				<>
					{issues.length === 0 && <Nothing title={status === 'all' ? 'Nobody wished for anything yet.' : 'There are none.'} />}
					<ul className="cards">
						{issues.map((issue) => (
							<IssueCard key={issue.issue_id} issue={issue} query={kept} isOpen={issue.issue_id === open} />
						))}
					</ul>
					<PageSizeHint isFull={issues.length === MOST} count={MOST} what="issues" />
				</>
			)}
		</Shown>
	)
}

interface CardProps {
	readonly issue: GetIssueResponse
	readonly query: { readonly [key: string]: string | undefined }
	readonly isOpen: boolean
}

function IssueCard({ issue: { issue_id, status, blueprint_id, intent, reason, attempt, interrupted = reason }, query, isOpen }: CardProps) {
	return (
		<li>
			<To to={['issues', issue_id]} query={query} className="card" isHere={isOpen}>
				<span className="card-head">
					<span className="card-title clamped">{intent}</span>
					<Status word={status} />
				</span>
				<span className="card-facts">
					<span>{blueprint_id}</span>
					{attempt > 1 && <span className="number">attempt {attempt}</span>}
				</span>
				{interrupted !== null && <span className="card-trouble clamped">{interrupted}</span>}
			</To>
		</li>
	)
}
