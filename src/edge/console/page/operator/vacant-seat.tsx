import { type FormEvent, useId, useState } from 'react'
import type { OperatorSessionRecord } from '../../../../protocol/operator-session.ts'
import { pathId } from '../../../client/client.ts'
import { useAction } from '../../live/query.ts'
import { Failure } from '../../part/shown.tsx'
import { Age, Deadline } from '../../part/time.tsx'
import { Id } from '../../part/to.tsx'
import { sessionTitle, type Vacancy } from '../../view/operator.ts'

export interface VacantSeatsProps {
	readonly vacancies: readonly Vacancy[]
	readonly sessions: readonly OperatorSessionRecord[]
}

/** Seats that steps wait for. Somebody who joins under the name takes them; until then anybody here can be given one. */
export function VacantSeats({ vacancies, sessions }: VacantSeatsProps) {
	if (vacancies.length === 0) return null
	return (
		<section className="notice" aria-label="Vacant seats" data-tone="waits">
			<h2>Nobody answers for</h2>
			<ul className="rows">
				{vacancies.map((vacancy) => (
					<VacantSeat key={`${vacancy.runId} ${vacancy.slot}`} vacancy={vacancy} sessions={sessions} />
				))}
			</ul>
		</section>
	)
}

function VacantSeat({ vacancy, sessions }: { readonly vacancy: Vacancy; readonly sessions: readonly OperatorSessionRecord[] }) {
	const { runId, slot, agents, since, deadline } = vacancy
	return (
		<li>
			<span className="grows">
				<strong>{slot}</strong> of <Id id={runId} to={['runs', runId]} />
				<span className="card-facts">
					<span>{agents.join(', ')}</span>
					<span>
						for <Age at={since} />
					</span>
					<Deadline at={deadline} />
				</span>
			</span>
			{sessions.length > 0 && <GiveSeat vacancy={vacancy} sessions={sessions} />}
		</li>
	)
}

function GiveSeat({
	vacancy: { runId, slot },
	sessions,
}: {
	readonly vacancy: Vacancy
	readonly sessions: readonly OperatorSessionRecord[]
}) {
	const id = useId()
	const [op, setOp] = useState('')
	const giving = useAction((client) =>
		client.answer(client.v1.runs(pathId(runId)).acquire.post({ op, slot, desc: 'given the seat in the console' })),
	)
	const submit = (event: FormEvent): void => {
		event.preventDefault()
		void giving.start()
	}
	return (
		<form className="line-form" onSubmit={submit}>
			<label className="unseen" htmlFor={id}>
				Who answers for {slot}
			</label>
			<select id={id} className="fit" value={op} onChange={(event) => setOp(event.target.value)}>
				<option value="">Give it to…</option>
				{sessions.map((session) => (
					<option key={session.sid} value={session.sid}>
						{sessionTitle(session)}
					</option>
				))}
			</select>
			<button type="submit" disabled={op === '' || giving.isBusy}>
				Give
			</button>
			<Failure error={giving.error} />
		</form>
	)
}
