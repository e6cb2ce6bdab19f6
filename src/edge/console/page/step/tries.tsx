import type { Event } from '../../../../protocol/event.ts'
import { useNow } from '../../live/now.ts'
import { Status } from '../../part/status.tsx'
import { Deadline } from '../../part/time.tsx'
import { durationText } from '../../view/duration.ts'
import { type Try, triesOf } from '../../view/timeline.ts'

/** Every try at a step, with what it ended by. */
export function StepTries({ stepId, events }: { readonly stepId: string; readonly events: readonly Event[] }) {
	const tries = triesOf(events.filter(({ step_id }) => step_id === stepId)).get(stepId) ?? []
	if (tries.length === 0) return null
	return (
		<section>
			<h3>Attempts</h3>
			<ol className="tries">
				{tries.map((one) => (
					<Line key={one.n} one={one} />
				))}
			</ol>
		</section>
	)
}

function Line({ one }: { readonly one: Try }) {
	const now = useNow()
	const { n, backend, startedAt, endedAt, status, error, nextAt } = one
	return (
		<li>
			<span className="number">{n}</span>
			<Status word={status ?? 'running'} />
			<span className="number hint">{durationText((endedAt ?? Math.max(now, startedAt)) - startedAt)}</span>
			{backend !== null && <span className="hint">{backend.replaceAll('_', ' ')}</span>}
			{error !== null && <p className="fault">{error}</p>}
			{nextAt !== null && nextAt > now && (
				<p className="hint">
					The next one begins in <Deadline at={nextAt} />.
				</p>
			)}
		</li>
	)
}
