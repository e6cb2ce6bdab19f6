import type { RunRecord } from '../../../../protocol/run.ts'
import { pathId } from '../../../client/client.ts'
import { useAction } from '../../live/query.ts'
import { Confirm } from '../../part/confirm.tsx'
import { Failure } from '../../part/shown.tsx'
import { go } from '../../route.ts'
import { hrefOf } from '../../view/address.ts'
import { isOver } from '../../view/run.ts'

type Verb = 'pause' | 'resume' | 'cancel' | 'again' | 'delete'

/** What can be done about a run as it stands. */
export function RunActions({ run, onDone }: { readonly run: RunRecord; readonly onDone: () => void }) {
	const { id, task_id, status, phase } = run
	const acting = useAction<Verb>(async (client, verb) => {
		const route = client.v1.runs(pathId(id))
		if (verb === 'pause') await client.answer(route.pause.post())
		else if (verb === 'resume') await client.answer(route.resume.post())
		else if (verb === 'cancel') await client.answer(route.cancel.post())
		else if (verb === 'delete') await client.answer(route.delete())
		else {
			const { run_id } = await client.answer(client.v1.tasks(pathId(task_id)).runs.post({ detach: true }))
			return go(hrefOf(['runs', run_id]))
		}
		if (verb === 'delete') go(hrefOf(['runs']))
		else onDone()
	})
	const isPaused = phase === 'paused'
	const canPause = status === 'running' && !isPaused
	const canResume = status === 'interrupted' || isPaused
	const act = (verb: Verb) => () => void acting.start(verb)
	return (
		<>
			{canPause && (
				<button type="button" disabled={acting.isBusy} onClick={act('pause')}>
					Pause
				</button>
			)}
			{canResume && (
				<button type="button" className="primary" disabled={acting.isBusy} onClick={act('resume')}>
					Resume
				</button>
			)}
			{isOver(run) && (
				<button type="button" disabled={acting.isBusy} onClick={act('again')}>
					Run again
				</button>
			)}
			{!isOver(run) && (
				<Confirm label="Cancel" title="Cancel this run?" yes="Cancel the run" tone="danger" isBusy={acting.isBusy} onYes={act('cancel')}>
					<p>What works on it is ended, operators' requests are withdrawn, and late results are refused. Steps that finished stay.</p>
				</Confirm>
			)}
			{(isOver(run) || status === 'interrupted') && (
				<Confirm label="Delete" title="Delete this run?" yes="Delete it" tone="danger" isBusy={acting.isBusy} onYes={act('delete')}>
					<p>Its steps, outputs and results are gone for good.</p>
				</Confirm>
			)}
			<Failure error={acting.error} />
		</>
	)
}
