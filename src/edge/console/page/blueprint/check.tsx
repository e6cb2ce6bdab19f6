import type { WireDiagnostic } from '../../../../protocol/diagnostic.ts'
import { pathId } from '../../../client/client.ts'
import { useQuery } from '../../live/query.ts'
import { Checks } from '../../part/checks.tsx'
import { Shown } from '../../part/shown.tsx'
import { Status } from '../../part/status.tsx'
import type { Tone } from '../../view/tone.ts'

/** Whether this server can run the head, agent by agent, and every finding about it. */
export function BlueprintCheck({ id }: { readonly id: string }) {
	const query = useQuery(
		`blueprint/${id}/doctor`,
		(client) => client.answer(client.v1.blueprints(pathId(id)).doctor.get()),
		({ kind, data }) => (kind.startsWith('blueprint.') && data.id === id) || kind.startsWith('session.') || kind.startsWith('hive.'),
	)
	return (
		<Shown query={query}>
			{({ ready, checks, diagnostics }) => (
				<>
					<div className="note" data-tone={ready ? 'good' : 'waits'}>
						<p>{ready ? 'This server can run it.' : 'Something is missing for this server to run it whole.'}</p>
					</div>
					<Checks checks={checks} />
					<h3>Findings</h3>
					{diagnostics.length === 0 && <p className="hint">There is nothing to mend.</p>}
					<ul className="rows">
						{diagnostics.map((finding) => (
							<Finding key={`${finding.kind} ${finding.span?.json_path ?? ''} ${finding.message}`} finding={finding} />
						))}
					</ul>
				</>
			)}
		</Shown>
	)
}

const TONES: { readonly [L in WireDiagnostic['level']]: Tone } = { Error: 'bad', Warn: 'warns', Info: 'calm' }

function Finding({ finding: { level, kind, message, help, span } }: { readonly finding: WireDiagnostic }) {
	return (
		<li>
			<Status word={level.toLowerCase()} tone={TONES[level]} />
			<span className="grows">
				{message}
				{help !== null && <span className="hint"> {help}</span>}
				<span className="card-facts">
					<code>{kind}</code>
					{span !== null && <code>{span.json_path}</code>}
				</span>
			</span>
		</li>
	)
}
