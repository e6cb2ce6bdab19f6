import type { Event } from '../../../../protocol/event.ts'
import type { OpenRequestRecord } from '../../../../protocol/open-request.ts'
import type { OperatorSessionRecord } from '../../../../protocol/operator-session.ts'
import { useQuery } from '../../live/query.ts'
import { PageHead } from '../../part/page-head.tsx'
import { Nothing, Shown } from '../../part/shown.tsx'
import { Split } from '../../part/split.tsx'
import { Status } from '../../part/status.tsx'
import { Age } from '../../part/time.tsx'
import { To } from '../../part/to.tsx'
import type { Route } from '../../view/address.ts'
import { requestsOf, sessionTitle, sessionWord, vacancies } from '../../view/operator.ts'
import { OperatorPane } from './operator.tsx'
import { VacantSeats } from './vacant-seat.tsx'

const MOST_REQUESTS = 1000
const MOST_VACANT = 200
const NONE: readonly never[] = []

const touchesSessions = ({ kind }: Event): boolean => kind.startsWith('session.') || kind === 'hive.agent_destroyed'

const touchesRequests = ({ kind }: Event): boolean => kind.startsWith('request.') || kind.startsWith('seat.') || kind.startsWith('session.')

/** What waits for operators, the oldest first: for all, or for those who are not there yet. */
function useOpenRequests(vacant: boolean, limit: number) {
	return useQuery(
		`requests/${vacant}/${limit}`,
		(client) => client.answer(client.v1.requests.get({ query: { ...(vacant && { vacant }), limit } })),
		touchesRequests,
	)
}

/** Who answers for runs on the left, with the seats that nobody has; one of them on the right. */
export function OperatorsPage({ route }: { readonly route: Route }) {
	const sid = route.rest[0]
	const query = useQuery('operators', (client) => client.answer(client.v1['operator-sessions'].get()), touchesSessions)
	const requests = useOpenRequests(false, MOST_REQUESTS).data?.requests ?? NONE
	const vacant = useOpenRequests(true, MOST_VACANT).data?.requests ?? NONE
	return (
		<Split label="Operators" open={sid && { label: `Operator ${sid}`, pane: <OperatorPane key={sid} sid={sid} /> }}>
			<PageHead title="Operators" about="AI clients and people that answer the steps of runs over a session." />
			<Shown query={query}>
				{({ sessions }) => (
					<>
						<VacantSeats vacancies={vacancies(vacant)} sessions={sessions} />
						{sessions.length === 0 && <NoOperators />}
						<ul className="cards">
							{sessions.map((session) => (
								<SessionCard key={session.sid} session={session} waiting={requestsOf(session.sid, requests)} isOpen={session.sid === sid} />
							))}
						</ul>
					</>
				)}
			</Shown>
		</Split>
	)
}

/** Steps that wait for somebody to take their seat. */
export function VacantCount() {
	const { data } = useOpenRequests(true, 1)
	if (!data || data.total === 0) return null
	return (
		<span className="count" data-tone="waits">
			{data.total}
			<span className="unseen"> wait for somebody</span>
		</span>
	)
}

function NoOperators() {
	return (
		<Nothing title="No operator is here.">
			Join as one with <code>mse-server operator --role main-ai --exec '…'</code>, or from your AI client over MCP.
		</Nothing>
	)
}

interface CardProps {
	readonly session: OperatorSessionRecord
	readonly waiting: readonly OpenRequestRecord[]
	readonly isOpen: boolean
}

function SessionCard({ session, waiting, isOpen }: CardProps) {
	const { sid, roles, blueprints, joined_at } = session
	const oldest = waiting[0]
	return (
		<li>
			<To to={['operators', sid]} className="card" isHere={isOpen}>
				<span className="card-head">
					<span className="card-title">{sessionTitle(session)}</span>
					<Status word={sessionWord(session)} />
				</span>
				<span className="card-facts">
					{roles.length > 0 && <span>{roles.join(', ')}</span>}
					{blueprints !== null && <span>only {blueprints.join(', ')}</span>}
					<span>
						here for <Age at={joined_at} />
					</span>
					{oldest !== undefined && (
						<span>
							<span className="number">{waiting.length}</span> waiting, the oldest for <Age at={oldest.created_at} />
						</span>
					)}
				</span>
			</To>
		</li>
	)
}
