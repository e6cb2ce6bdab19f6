import { useState } from 'react'
import type { WorkerDetail } from '../../../../protocol/runtime-worker.ts'
import { pathId } from '../../../client/client.ts'
import { useAction, useQuery } from '../../live/query.ts'
import { Back } from '../../part/back.tsx'
import { Confirm } from '../../part/confirm.tsx'
import { Facts } from '../../part/facts.tsx'
import { Failure, Shown } from '../../part/shown.tsx'
import { Status } from '../../part/status.tsx'
import { TextForm } from '../../part/text-form.tsx'
import { Age, When } from '../../part/time.tsx'
import { Id } from '../../part/to.tsx'
import { go } from '../../route.ts'
import { hrefOf } from '../../view/address.ts'
import { intentText, touchesWorker, workerTitle, workerWord } from '../../view/worker.ts'
import { Transcript } from './transcript.tsx'

/** One worker: how it fares, what was said, and what it is told next. */
export function WorkerPane({ id, back }: { readonly id: string; readonly back: string }) {
	const query = useQuery(
		`worker/${id}`,
		async (client) => (await client.answer(client.v1.workers(pathId(id)).get())).worker,
		touchesWorker(id),
	)
	return (
		<article className="detail">
			<Back href={back}>All workers</Back>
			<Shown query={query}>
				{(worker) => (
					<>
						<Worker worker={worker} />
						<Transcript id={id} length={worker.transcript_len} />
						{worker.status === 'running' && <Input id={id} />}
						<Lifecycle worker={worker} />
					</>
				)}
			</Shown>
		</article>
	)
}

function Worker({ worker }: { readonly worker: WorkerDetail }) {
	const { worker_id, intent, backend_profile, execution, config_bundle, created_at, updated_at } = worker
	const last = execution.last_result
	const trouble = last && last.outcome !== 'accepted' ? (last.message ?? `${last.operation}: ${last.outcome}`) : null
	return (
		<>
			<header className="detail-head">
				<h2>{workerTitle(worker)}</h2>
				<Status word={workerWord(worker)} />
			</header>
			{trouble !== null && <p className="trouble">{trouble}</p>}
			<Facts
				facts={[
					['Worker', <Id id={worker_id} />],
					['Runs with', backend_profile],
					['Is for', intentText(intent)],
					['Config bundle', config_bundle?.id],
					['Made', <When at={created_at} />],
					[
						'Last changed',
						<>
							<Age at={updated_at} /> ago
						</>,
					],
				]}
			/>
		</>
	)
}

type Kind = 'user' | 'system'

function Input({ id }: { readonly id: string }) {
	const [kind, setKind] = useState<Kind>('user')
	const sending = useAction<string>((client, content) => client.answer(client.v1.workers(pathId(id)).input.post({ kind, content })))
	return (
		<TextForm label="What it is told next" button="Send" sending={sending}>
			<label className="flag">
				<input type="checkbox" checked={kind === 'system'} onChange={(event) => setKind(event.target.checked ? 'system' : 'user')} />
				As the system
			</label>
		</TextForm>
	)
}

function Lifecycle({ worker: { worker_id, status } }: { readonly worker: WorkerDetail }) {
	const route = pathId(worker_id)
	const ending = useAction<'stop' | 'cancel'>((client, verb) =>
		client.answer(client.v1.workers(route)[verb].post({ reason: 'ended in the console' })),
	)
	const deleting = useAction(async (client) => {
		await client.answer(client.v1.workers(route).delete(undefined, { query: { force: status === 'running' } }))
		go(hrefOf(['workers']))
	})
	const isBusy = ending.isBusy || deleting.isBusy
	return (
		<div className="verbs">
			<div className="actions">
				{status === 'running' && (
					<>
						<button type="button" disabled={isBusy} onClick={() => ending.start('stop')}>
							Stop
						</button>
						<Confirm
							label="Cancel"
							title="End this worker at once?"
							yes="End it"
							tone="danger"
							isBusy={isBusy}
							onYes={() => ending.start('cancel')}
						>
							<p>It is ended in the middle of what it does. Its transcript stays.</p>
						</Confirm>
					</>
				)}
				<Confirm label="Delete" title="Delete this worker?" yes="Delete it" tone="danger" isBusy={isBusy} onYes={() => deleting.start()}>
					<p>{status === 'running' && 'It is ended first. '}Its transcript is gone for good.</p>
				</Confirm>
			</div>
			<Failure error={ending.error ?? deleting.error} />
		</div>
	)
}
