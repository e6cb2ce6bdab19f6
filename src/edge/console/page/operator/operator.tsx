import type { OperatorSessionDetail } from '../../../../protocol/operator-session.ts'
import { useAction, useQuery } from '../../live/query.ts'
import { Back } from '../../part/back.tsx'
import { Confirm } from '../../part/confirm.tsx'
import { Facts } from '../../part/facts.tsx'
import { Json } from '../../part/json.tsx'
import { Failure, Shown } from '../../part/shown.tsx'
import { Status } from '../../part/status.tsx'
import { Age, When } from '../../part/time.tsx'
import { Id, To } from '../../part/to.tsx'
import { go } from '../../route.ts'
import { hrefOf } from '../../view/address.ts'
import { sessionTitle, sessionWord } from '../../view/operator.ts'
import { RequestLine } from './waiting-request.tsx'

const sessionPath = (sid: string): { readonly sid: string } => ({ sid: encodeURIComponent(sid) })

/** One session: who it is, what waits for it, and the seats it was given. */
export function OperatorPane({ sid }: { readonly sid: string }) {
	const query = useQuery(
		`operator/${sid}`,
		(client) => client.answer(client.v1['operator-sessions'](sessionPath(sid)).get()),
		({ kind, operator, data: { op } }) => operator === sid || op === sid || kind.startsWith('seat.') || kind.startsWith('run.'),
	)
	return (
		<article className="detail">
			<Back href={hrefOf(['operators'])}>All operators</Back>
			<Shown query={query}>
				{(session) => (
					<>
						<Session session={session} />
						<Waiting sid={sid} />
						<Seats session={session} />
					</>
				)}
			</Shown>
		</article>
	)
}

function Session({ session }: { readonly session: OperatorSessionDetail }) {
	const { sid, roles, blueprints, agent, joined_at, last_activity_at, capability_manifest } = session
	const ending = useAction(async (client) => {
		await client.answer(client.v1['operator-sessions'](sessionPath(sid)).delete())
		go(hrefOf(['operators']))
	})
	return (
		<>
			<header className="detail-head">
				<h2>{sessionTitle(session)}</h2>
				<Status word={sessionWord(session)} />
			</header>
			<Facts
				facts={[
					['Session', <Id id={sid} />],
					['Roles', roles.join(', ')],
					['Takes work of', blueprints === null ? 'every Blueprint' : blueprints.join(', ')],
					['Hive agent', agent !== null && <To to={['hive', agent]}>{agent}</To>],
					['Joined', <When at={joined_at} />],
					[
						'Last heard of',
						<>
							<Age at={last_activity_at} /> ago
						</>,
					],
				]}
			/>
			{capability_manifest !== null && (
				<details>
					<summary>What its client says it can run</summary>
					<Json value={capability_manifest} label="What its client says it can run" />
				</details>
			)}
			<div className="actions">
				<Confirm
					label="End the session"
					title="End this session?"
					yes="End it"
					tone="danger"
					isBusy={ending.isBusy}
					onYes={() => ending.start()}
				>
					<p>Its seats become vacant, and what waits for it waits for somebody else.</p>
				</Confirm>
			</div>
			<Failure error={ending.error} />
		</>
	)
}

const MOST_REQUESTS = 200

/** What it has to answer, the oldest first. */
function Waiting({ sid }: { readonly sid: string }) {
	const query = useQuery(
		`operator/${sid}/requests`,
		(client) => client.answer(client.v1.requests.get({ query: { operator: sid, limit: MOST_REQUESTS } })),
		({ kind, operator }) => kind.startsWith('request.') || kind.startsWith('seat.') || operator === sid,
	)
	return (
		<section className="waits">
			<h3>What waits for it</h3>
			<Shown query={query}>
				{({ requests, total }) => (
					<>
						{total === 0 && <p className="hint">Nothing.</p>}
						<ul>
							{requests.map((request) => (
								<RequestLine key={request.req_id} request={request} onDone={query.refresh} />
							))}
						</ul>
						{total > requests.length && <p className="hint">The oldest of {total}.</p>}
					</>
				)}
			</Shown>
		</section>
	)
}

function Seats({ session: { seats, seats_total } }: { readonly session: OperatorSessionDetail }) {
	if (seats.length === 0) return null
	return (
		<section>
			<h3>Seats it was given{seats_total > seats.length && `, the last ${seats.length} of ${seats_total}`}</h3>
			<ul className="rows">
				{seats.map(({ run_id, slot, goal, given_at, held }) => (
					<li key={`${run_id} ${slot}`}>
						<span className="grows">
							<strong>{slot}</strong> of <Id id={run_id} to={['runs', run_id]} />
							{goal !== null && <span className="hint"> {goal}</span>}
						</span>
						<span className="hint">
							<Age at={given_at} /> ago
						</span>
						<Status word={held ? 'held' : 'over'} tone={held ? 'good' : 'calm'} />
					</li>
				))}
			</ul>
		</section>
	)
}
