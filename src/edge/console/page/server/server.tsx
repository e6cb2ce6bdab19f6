import type { Readiness } from '../../../../protocol/health.ts'
import type { MseClient } from '../../../client/client.ts'
import { fromAnswer } from '../../../client/failure.ts'
import { useQuery } from '../../live/query.ts'
import { Facts } from '../../part/facts.tsx'
import { PageHead } from '../../part/page-head.tsx'
import { Shown } from '../../part/shown.tsx'
import { Status } from '../../part/status.tsx'
import { When } from '../../part/time.tsx'
import { ServerDoctor } from './doctor.tsx'
import { ServerFigures } from './figures.tsx'
import { PausedNote, PauseForm } from './pause.tsx'
import { useStatus } from './status.tsx'

/** The server itself: whether it takes work, pausing it, what goes on, what it can do, and what it is. */
export function ServerPage() {
	const readiness = useQuery('readiness', readReadiness, ({ kind }) => kind.startsWith('server.'))
	const isReady = readiness.data?.ready
	return (
		<div className="split-list wide">
			<PageHead
				title="Server"
				beside={isReady !== undefined && <Status word={isReady ? 'ready' : 'takes no work'} tone={isReady ? 'good' : 'warns'} />}
			>
				<a className="button" href="/swagger">
					HTTP API
				</a>
			</PageHead>
			<Shown query={readiness}>{({ reasons }) => <Reasons reasons={reasons} />}</Shown>
			<PausedNote />
			<ServerFigures />
			<PauseForm />
			<ServerDoctor />
			<Jobs />
			<Version />
		</div>
	)
}

/** Why it takes no work; being paused has a note of its own. */
function Reasons({ reasons }: Pick<Readiness, 'reasons'>) {
	const others = reasons.filter((reason) => !reason.startsWith('the server is paused'))
	if (others.length === 0) return null
	return (
		<div className="note" data-tone="warns">
			{others.map((reason) => (
				<p key={reason}>{reason}</p>
			))}
		</div>
	)
}

/** Stands beside the title in the navigation while no step of any run begins. */
export function PausedMark() {
	const { data } = useStatus()
	return data?.paused === undefined ? null : <span className="count">paused</span>
}

/** Not to be ready is an answer as well. */
async function readReadiness({ v1, url }: MseClient): Promise<Readiness> {
	const { data, error } = await v1.readyz.get()
	if (error === null) return data
	if (error.status === 503) return error.value
	throw fromAnswer(url, Number(error.status), error.value)
}

/** What the server does from time to time. */
function Jobs() {
	const query = useStatus()
	return (
		<section>
			<h2>What it does from time to time</h2>
			<Shown query={query}>
				{({ periodic_jobs }) => (
					<ul className="rows">
						{periodic_jobs.map(({ name, period_secs, enabled, runs, errors, acted_total, last_finished_secs, last_outcome }) => (
							<li key={name}>
								<span className="grows">
									<strong>{name.replaceAll(/[_-]/g, ' ')}</strong>
									<span className="card-facts">
										<span>{enabled ? `every ${period_secs} s` : 'off'}</span>
										<span className="number">{runs} times</span>
										<span className="number">{acted_total} done</span>
										{last_finished_secs !== null && (
											<span>
												last <When at={last_finished_secs * 1000} />
											</span>
										)}
										{last_outcome !== null && <span>{last_outcome}</span>}
									</span>
								</span>
								{errors > 0 && <Status word={`${errors} failed`} tone="bad" />}
							</li>
						))}
					</ul>
				)}
			</Shown>
		</section>
	)
}

function Version() {
	const query = useQuery(
		'version',
		(client) => client.answer(client.v1.version.get()),
		({ kind }) => kind === 'server.started',
	)
	return (
		<section>
			<h2>What it is</h2>
			<Shown query={query}>
				{({ name, version, api_versions, features }) => (
					<>
						<Facts
							facts={[
								['Server', name],
								['Version', <span className="number">{version}</span>],
								['API', api_versions.join(', ')],
							]}
						/>
						<p className="hint">Clients may count on {features.map((feature) => feature.replaceAll('_', ' ')).join(', ')}.</p>
					</>
				)}
			</Shown>
		</section>
	)
}
