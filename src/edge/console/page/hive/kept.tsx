import { useAction } from '../../live/query.ts'
import { Back } from '../../part/back.tsx'
import { Confirm } from '../../part/confirm.tsx'
import { Failure } from '../../part/shown.tsx'
import { Status } from '../../part/status.tsx'
import { hrefOf } from '../../view/address.ts'
import { useDestroy } from './agent.tsx'
import { AgentInbox } from './inbox.tsx'

/** An agent that was destroyed and whose folders are there still: it can come back as it was, or go altogether. */
export function KeptPane({ name }: { readonly name: string }) {
	const spawning = useAction((client) => client.answer(client.v1.hive.agents.post({ name })))
	const purging = useDestroy(name)
	return (
		<article className="detail">
			<Back href={hrefOf(['hive'])}>All agents</Back>
			<header className="detail-head">
				<h2>{name}</h2>
				<Status word="destroyed" />
			</header>
			<p>It was destroyed. Its notes, logins and config are kept, and an agent of that name finds them again.</p>
			<div className="actions">
				<button type="button" className="primary" disabled={spawning.isBusy} onClick={() => spawning.start()}>
					Start it again
				</button>
				<Confirm
					label="Delete its folders"
					title={`Delete the folders of ${name}?`}
					yes="Delete them"
					tone="danger"
					isBusy={purging.isBusy}
					onYes={() => purging.start(true)}
				>
					<p>Its notes, logins and config are gone for good.</p>
				</Confirm>
			</div>
			<Failure error={spawning.error ?? purging.error} />
			<AgentInbox name={name} />
		</article>
	)
}
