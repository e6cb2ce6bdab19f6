import { useState } from 'react'
import type { Check } from '../../../../protocol/health.ts'
import { useAction, useQuery } from '../../live/query.ts'
import { Checks } from '../../part/checks.tsx'
import { Facts } from '../../part/facts.tsx'
import { Failure, Shown } from '../../part/shown.tsx'
import { checksText, urgentFirst } from '../../view/check.ts'

/** How the server is set up, and, when somebody asks, what it can do. Proving that takes a moment. */
export function ServerDoctor() {
	const [checks, setChecks] = useState<readonly Check[] | null>(null)
	const probing = useAction(async (client) => {
		const answer = await client.answer(client.v1.doctor.get({ query: { probe: true } }))
		setChecks(answer.checks ?? [])
	})
	return (
		<section>
			<div className="section-head">
				<h2>What it can do</h2>
				<button type="button" disabled={probing.isBusy} onClick={() => void probing.start()}>
					{probing.isBusy ? 'Trying…' : checks === null ? 'Try everything' : 'Try again'}
				</button>
			</div>
			<Failure error={probing.error} />
			{checks !== null && (
				<>
					<p role="status">{checksText(checks)}</p>
					<Checks checks={urgentFirst(checks)} />
				</>
			)}
			<SetUp />
		</section>
	)
}

function SetUp() {
	const query = useQuery(
		'doctor',
		(client) => client.answer(client.v1.doctor.get({ query: {} })),
		({ kind }) => kind.startsWith('server.') || kind.startsWith('blueprint.'),
	)
	return (
		<Shown query={query}>
			{({
				bind,
				blueprint_backend,
				blueprint_store_root,
				blueprint_ref_base,
				enhance_flow_enabled,
				traces_enabled,
				check_policy,
				registered_blueprint_count,
			}) => (
				<Facts
					facts={[
						['Listens on', <code>{bind}</code>],
						['Blueprints', <span className="number">{registered_blueprint_count}</span>],
						['Kept in', blueprint_backend.replaceAll('_', ' ')],
						['Data', blueprint_store_root ?? 'in memory'],
						['References start from', blueprint_ref_base],
						['Enhance', enhance_flow_enabled ? 'on' : 'off'],
						['Traces', traces_enabled ? 'on' : 'off'],
						['Check policy', check_policy],
					]}
				/>
			)}
		</Shown>
	)
}
