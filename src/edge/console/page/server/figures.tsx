import type { MseClient } from '../../../client/client.ts'
import { fromAnswer, unreachable } from '../../../client/failure.ts'
import { useQuery } from '../../live/query.ts'
import { Facts } from '../../part/facts.tsx'
import { Shown } from '../../part/shown.tsx'
import { Status } from '../../part/status.tsx'
import { type Family, gaugeFacts, readFigures, refusals } from '../../view/figures.ts'

/** How much goes on, and which limits requests ran into. */
export function ServerFigures() {
	const query = useQuery('server/figures', readMetrics, ({ kind }) => kind.startsWith('run.') || kind.startsWith('server.'))
	return (
		<section>
			<div className="section-head">
				<h2>What goes on</h2>
				<button type="button" className="quiet" onClick={query.refresh}>
					Read again
				</button>
			</div>
			<Shown query={query}>
				{(families) => (
					<>
						<Facts facts={gaugeFacts(families)} />
						<Refusals families={families} />
					</>
				)}
			</Shown>
		</section>
	)
}

function Refusals({ families }: { readonly families: readonly Family[] }) {
	const found = refusals(families)
	return (
		<>
			<h3 className="after-list">Requests that were refused or failed since it started</h3>
			{found.length === 0 && <p className="hint">None.</p>}
			<ul className="rows">
				{found.map(({ route, why, count }) => (
					<li key={`${route} ${why}`}>
						<code className="grows">{route}</code>
						<Status word={why} tone="warns" />
						<span className="number">{count} times</span>
					</li>
				))}
			</ul>
		</>
	)
}

/** The one route that answers in the format of Prometheus. */
async function readMetrics({ url, headers, fetch }: MseClient): Promise<readonly Family[]> {
	const response = await fetch(`${url}/metrics`, { headers }).catch((cause: unknown) => {
		throw unreachable(url, cause)
	})
	const text = await response.text()
	if (response.ok) return readFigures(text)
	throw fromAnswer(url, response.status, text)
}
