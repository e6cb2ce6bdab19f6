import { useAction } from '../../live/query.ts'
import { LineForm } from '../../part/line-form.tsx'
import { Paused } from '../operator/waiting.tsx'
import { useStatus } from './status.tsx'

const done = (): void => {}

/** While no step of any run begins: since when, why, and the way back. */
export function PausedNote() {
	const { data, refresh } = useStatus()
	return data?.paused === undefined ? null : <Paused paused={data.paused} onDone={refresh} />
}

/** The switch that lets no step of any run begin, also after a restart. */
export function PauseForm() {
	const { data } = useStatus()
	const pausing = useAction<string>((client, reason) => client.answer(client.v1.server.pause.post(reason === '' ? {} : { reason })))
	if (data === undefined || data.paused !== undefined) return null
	return (
		<section>
			<h2>Pausing everything</h2>
			<LineForm
				label="Why"
				button="Pause the server"
				acting={pausing}
				onDone={done}
				mayBeEmpty
				isCalm
				hint="No step of any run begins until it is resumed, also after a restart. What is at work goes on."
			/>
		</section>
	)
}
