import { useQuery } from '../../live/query.ts'
import { Status } from '../../part/status.tsx'
import { Age } from '../../part/time.tsx'
import { To } from '../../part/to.tsx'
import { outcomeOf } from '../../view/approval.ts'
import { touchesApprovals } from '../approval/approvals.tsx'

const LOOKED_AT = 100
const SHOWN = 10

/** Changes of its config that were asked for, the newest first; the question itself is a page of approvals. */
export function Proposals({ name }: { readonly name: string }) {
	const { data } = useQuery(
		`hive/${name}/proposals`,
		(client) => client.answer(client.v1.approvals.get({ query: { kind: 'apply_commit', newest: true, limit: LOOKED_AT } })),
		touchesApprovals,
	)
	const proposals = data?.approvals.filter(({ subject }) => subject.id === name).slice(0, SHOWN) ?? []
	if (proposals.length === 0) return null
	return (
		<section>
			<h3>Changes of its config</h3>
			<ul className="rows">
				{proposals.map((approval) => (
					<li key={approval.id}>
						<To to={['approvals', String(approval.id)]}>#{approval.id}</To>
						<span className="grows">
							asked by {approval.requester}, <Age at={approval.requested_at} /> ago
						</span>
						<Status word={outcomeOf(approval)} />
					</li>
				))}
			</ul>
		</section>
	)
}
