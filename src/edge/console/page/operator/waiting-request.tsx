import type { OpenRequestRecord } from '../../../../protocol/open-request.ts'
import { useAction } from '../../live/query.ts'
import { Failure } from '../../part/shown.tsx'
import { Status } from '../../part/status.tsx'
import { Age, Deadline } from '../../part/time.tsx'
import { Id, To } from '../../part/to.tsx'
import { ownerText, requestTitle, requestWord } from '../../view/waiting.ts'

export interface RequestLineProps {
	readonly request: OpenRequestRecord
	readonly onDone: () => void
}

/** One thing asked of an operator; it can be sent again. */
export function RequestLine({ request, onDone }: RequestLineProps) {
	const { req_id, run_id, step_id, created_at, deadline_at, owner } = request
	const sending = useAction(async (client) => {
		await client.answer(client.v1.requests({ req_id: encodeURIComponent(req_id) }).redeliver.post())
		onDone()
	})
	return (
		<li>
			<span className="wait-what">
				<To to={['runs', run_id]} query={{ step: step_id }}>
					{requestTitle(request)}
				</To>
				<Id id={run_id} to={['runs', run_id]} />
			</span>
			<span className="wait-who">
				{ownerText(request)} <Status word={requestWord(request)} />
			</span>
			<span className="wait-when">
				<Age at={created_at} />
				<Deadline at={deadline_at} />
			</span>
			{owner !== null && (
				<button type="button" disabled={sending.isBusy} onClick={() => void sending.start()}>
					Send again
				</button>
			)}
			<Failure error={sending.error} />
		</li>
	)
}
