import { useState } from 'react'
import { pathName } from '../../../client/client.ts'
import { useQuery } from '../../live/query.ts'
import { LogText } from '../../part/log-text.tsx'
import { Shown } from '../../part/shown.tsx'
import { touchesAgent } from '../../view/hive.ts'

const LINES = 200
const MANY_LINES = 5000

/** What the program of an agent wrote last. Nobody tells of single lines, so it is read anew when something happens to the agent, or on request. */
export function AgentLog({ name }: { readonly name: string }) {
	const [tail, setTail] = useState(LINES)
	const query = useQuery(
		`hive/${name}/log/${tail}`,
		(client) => client.answer(client.v1.hive.agents(pathName(name)).logs.get({ query: { tail } })),
		touchesAgent(name),
	)
	return (
		<section>
			<div className="section-head">
				<h3>What its program wrote</h3>
				<span className="actions">
					{tail === LINES && (
						<button type="button" className="quiet" onClick={() => setTail(MANY_LINES)}>
							More lines
						</button>
					)}
					<button type="button" className="quiet" onClick={query.refresh}>
						Read again
					</button>
				</span>
			</div>
			<Shown query={query}>{({ text }) => <LogText text={text} label={`Log of ${name}`} />}</Shown>
		</section>
	)
}
