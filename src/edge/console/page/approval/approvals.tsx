import type { ApprovalStatus, ApprovalSummary } from '../../../../protocol/approval.ts'
import type { Event } from '../../../../protocol/event.ts'
import { useQuery } from '../../live/query.ts'
import { Choice } from '../../part/choice.tsx'
import { PageHead } from '../../part/page-head.tsx'
import { Nothing, Shown } from '../../part/shown.tsx'
import { Split } from '../../part/split.tsx'
import { Status } from '../../part/status.tsx'
import { Age, Deadline, When } from '../../part/time.tsx'
import { To } from '../../part/to.tsx'
import { go } from '../../route.ts'
import { hrefOf, type Route } from '../../view/address.ts'
import { approvalTitle, outcomeOf } from '../../view/approval.ts'
import { ApprovalPane } from './approval.tsx'

const FILTERS = [
	['pending', 'Waiting'],
	['approved', 'Approved'],
	['denied', 'Denied'],
	['failed', 'Failed'],
	['all', 'All'],
] as const

const PAGE_SIZE = 100

export const touchesApprovals = ({ kind }: Event): boolean => kind.startsWith('approval.')

/** What waits for somebody's yes on the left, the one that is looked at on the right. */
export function ApprovalsPage({ route }: { readonly route: Route }) {
	const filter = route.query.get('status') ?? 'pending'
	const open = route.rest[0]
	const back = hrefOf(['approvals'], { status: route.query.get('status') ?? undefined })
	return (
		<Split label="Approvals" open={open && { label: `Approval ${open}`, pane: <ApprovalPane key={open} id={open} back={back} /> }}>
			<PageHead title="Approvals" about="Questions that wait for a yes. They stay on disk until somebody answers." />
			<Choice
				label="Which approvals"
				options={FILTERS}
				value={filter}
				onChange={(status) => go(hrefOf(['approvals'], { status: status === 'pending' ? undefined : status }))}
			/>
			<ApprovalList filter={filter} before={route.query.get('before')} open={open} />
		</Split>
	)
}

/** How many wait. */
export function ApprovalCount() {
	const { data } = useQuery(
		'approvals/count',
		(client) => client.answer(client.v1.approvals.get({ query: { status: 'pending', limit: PAGE_SIZE } })),
		touchesApprovals,
	)
	const count = data?.approvals.length ?? 0
	if (count === 0) return null
	return (
		<span className="count" data-tone="waits">
			{count === PAGE_SIZE ? `${PAGE_SIZE}+` : count}
			<span className="unseen"> waiting</span>
		</span>
	)
}

interface ListProps {
	readonly filter: string
	readonly before: string | null
	readonly open: string | undefined
}

/** Those that wait longest come first; of what was answered, the newest. */
function ApprovalList({ filter, before, open }: ListProps) {
	const isPending = filter === 'pending'
	const query = useQuery(
		`approvals/${filter}/${before ?? ''}`,
		(client) =>
			client.answer(
				client.v1.approvals.get({
					query: {
						...(filter !== 'all' && { status: filter as ApprovalStatus }),
						...(!isPending && { newest: true }),
						...(before !== null && { after: Number(before) }),
						limit: PAGE_SIZE,
					},
				}),
			),
		touchesApprovals,
	)
	return (
		<Shown query={query}>
			{({ approvals, next }) => (
				<>
					{approvals.length === 0 && <NoApprovals isPending={isPending} />}
					<ul className="cards">
						{approvals.map((approval) => (
							<ApprovalCard key={approval.id} approval={approval} filter={filter} isOpen={String(approval.id) === open} />
						))}
					</ul>
					{next !== null && (
						<To to={['approvals']} query={{ status: filter, before: String(next) }} className="more">
							More
						</To>
					)}
				</>
			)}
		</Shown>
	)
}

function NoApprovals({ isPending }: { readonly isPending: boolean }) {
	if (!isPending) return <Nothing title="There are none." />
	return (
		<Nothing title="Nothing waits for you.">
			A step asks with <code>"policy": {'{"approve": "before_spawn"}'}</code>, anything else with <code>POST /v1/approvals</code>.
		</Nothing>
	)
}

interface CardProps {
	readonly approval: ApprovalSummary
	readonly filter: string
	readonly isOpen: boolean
}

function ApprovalCard({ approval, filter, isOpen }: CardProps) {
	const { id, requester, requested_at, deadline_at, resolved_at, grants, required } = approval
	return (
		<li>
			<To to={['approvals', String(id)]} query={{ status: filter === 'pending' ? undefined : filter }} className="card" isHere={isOpen}>
				<span className="card-head">
					<span className="card-title">{approvalTitle(approval)}</span>
					<Status word={outcomeOf(approval)} />
				</span>
				<span className="card-facts">
					<span className="number">#{id}</span>
					<span>asked by {requester}</span>
					{resolved_at === null ? <span>{<Age at={requested_at} />} ago</span> : <When at={resolved_at} />}
					{required > 1 && (
						<span className="number">
							{grants.length} of {required}
						</span>
					)}
					{resolved_at === null && deadline_at !== null && <Deadline at={deadline_at} />}
				</span>
			</To>
		</li>
	)
}
