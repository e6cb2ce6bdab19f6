import { useState } from 'react'
import type { SteerManyBody } from '../../../../protocol/steer.ts'
import { useAction } from '../../live/query.ts'
import { Confirm } from '../../part/confirm.tsx'
import { Failure } from '../../part/shown.tsx'
import { bulkText, type Steered } from '../../view/bulk.ts'

export interface RunBulkProps {
	/** Which runs are meant. */
	readonly filter: SteerManyBody
	/** The same in words: `all runs of hello`; null when there are none. */
	readonly meant: string | null
	readonly onDone: () => void
}

const VERBS = [
	['pause', 'Pause', 'They stop at their next step. What is at work is finished first.'],
	['resume', 'Resume', 'Paused and interrupted runs go on.'],
	['cancel', 'Cancel', 'What works on them is ended, and late results are refused.'],
] as const

/** Does something about every run that fits the filter at once, on the server, however many there are. */
export function RunBulk({ filter, meant, onDone }: RunBulkProps) {
	const [told, setTold] = useState('')
	const steering = useAction<(typeof VERBS)[number][0]>(async (client, verb) => {
		const steered: Steered = await client.answer(client.v1.runs[verb].post(filter))
		setTold(bulkText(verb, steered))
		onDone()
	})
	if (meant === null) return <p role="status">{told}</p>
	return (
		<details className="bulk">
			<summary>Do something about {meant}</summary>
			<div className="actions">
				{VERBS.map(([verb, label, about]) => (
					<Confirm
						key={verb}
						label={`${label} them`}
						title={`${label} ${meant}?`}
						yes={`${label} them`}
						tone={verb === 'cancel' ? 'danger' : 'plain'}
						isBusy={steering.isBusy}
						onYes={() => void steering.start(verb)}
					>
						<p>{about}</p>
					</Confirm>
				))}
			</div>
			<p role="status">{told}</p>
			<Failure error={steering.error} />
		</details>
	)
}
