import type { OpenRequestRecord } from '../../../protocol/open-request.ts'
import { useAction } from '../live/query.ts'
import { Failure } from '../part/shown.tsx'
import { Status } from '../part/status.tsx'
import { Age, Deadline } from '../part/time.tsx'
import { Id } from '../part/to.tsx'
import { requestText } from '../view/operator.ts'

/** One thing that an operator has to answer; one that was delivered is sent again on request only. */
export function RequestItem({ request }: { readonly request: OpenRequestRecord }) {
	const { req_id, agent, run_id, step_id, attempt, state, created_at, deadline_at } = request
	const redelivering = useAction((client) => client.answer(client.v1.requests({ req_id: encodeURIComponent(req_id) }).redeliver.post()))
	return (
		<li>
			<span className="grows">
				<strong>{agent}</strong>, {requestText(request)}
				{attempt > 1 && <span className="number">, attempt {attempt}</span>}
				<span className="card-facts">
					<Id id={run_id} to={['runs', run_id]} />
					<code>{step_id}</code>
					<span>
						for <Age at={created_at} />
					</span>
					<Deadline at={deadline_at} />
				</span>
			</span>
			<Status word={state} />
			<button type="button" disabled={redelivering.isBusy} onClick={() => redelivering.start()}>
				Send again<span className="unseen"> to {agent}</span>
			</button>
			<Failure error={redelivering.error} />
		</li>
	)
}
