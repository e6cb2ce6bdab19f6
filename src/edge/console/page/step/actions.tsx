import { useState } from 'react'
import { type Json, parseJson } from '../../../../kernel/json.ts'
import type { RunRecord } from '../../../../protocol/run.ts'
import type { StepDetail } from '../../../../protocol/step.ts'
import { pathId } from '../../../client/client.ts'
import { useAction } from '../../live/query.ts'
import { Confirm } from '../../part/confirm.tsx'
import { Failure } from '../../part/shown.tsx'
import { go } from '../../route.ts'
import { hrefOf } from '../../view/address.ts'

interface Rerun {
	readonly as: 'in_place' | 'new_run'
	readonly input: string
}

export interface StepActionsProps {
	readonly step: StepDetail
	readonly run: RunRecord | undefined
	readonly onDone: () => void
}

/** What can be done about a step: cancelling it while it is at work, or doing it and all after it again. */
export function StepActions({ step, run, onDone }: StepActionsProps) {
	const [rerun, setRerun] = useState<Rerun>({ as: 'in_place', input: '' })
	const cancelling = useAction(async (client) => {
		await client.answer(client.v1.steps(pathId(step.step_id)).cancel.post())
		onDone()
	})
	const rerunning = useAction(async (client) => {
		const given = readInput(rerun.input)
		const body = { from_step: step.step_id, as: rerun.as, ...(given !== undefined && { input: given }) }
		const { run_id } = await client.answer(client.v1.runs(pathId(step.run_id))['rerun-from'].post(body))
		go(hrefOf(['runs', run_id]))
	})
	const canRerun = run !== undefined && run.status !== 'running' && run.status !== 'pending'
	return (
		<div className="actions">
			{step.status === 'running' && (
				<Confirm
					label="Cancel this step"
					title="Cancel this step?"
					yes="Cancel the step"
					tone="danger"
					onYes={() => void cancelling.start()}
				>
					<p>It fails with code cancelled, which the flow can catch; the run goes on.</p>
				</Confirm>
			)}
			{canRerun && (
				<Confirm
					label="Rerun from here"
					title="Rerun from here?"
					yes="Rerun"
					isBusy={rerunning.isBusy}
					onYes={() => void rerunning.start()}
				>
					<RerunFields rerun={rerun} onChange={setRerun} />
				</Confirm>
			)}
			<Failure error={cancelling.error ?? rerunning.error} />
		</div>
	)
}

/** What is no JSON is a text. */
function readInput(text: string): Json | undefined {
	return text.trim() === '' ? undefined : (parseJson(text) ?? text)
}

function RerunFields({ rerun, onChange }: { readonly rerun: Rerun; readonly onChange: (rerun: Rerun) => void }) {
	return (
		<>
			<p>This step and all after it are done again; what came before is kept.</p>
			<label className="field">
				<span>Where</span>
				<select
					value={rerun.as}
					onChange={(event) => onChange({ ...rerun, as: event.target.value === 'new_run' ? 'new_run' : 'in_place' })}
				>
					<option value="in_place">In this run, as its next generation</option>
					<option value="new_run">In a new run</option>
				</select>
			</label>
			<label className="field">
				<span>Another input for it, if you like</span>
				<textarea className="code" rows={4} value={rerun.input} onChange={(event) => onChange({ ...rerun, input: event.target.value })} />
			</label>
		</>
	)
}
