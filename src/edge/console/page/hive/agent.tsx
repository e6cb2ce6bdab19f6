import { useState } from 'react'
import type { HiveAgentDetail } from '../../../../protocol/hive-http.ts'
import { pathName } from '../../../client/client.ts'
import { type Action, useAction, useQuery } from '../../live/query.ts'
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
import { type AgentVerb, agentTone, agentTrouble, agentVerbs, agentWord, touchesAgent } from '../../view/hive.ts'
import { AgentInbox } from './inbox.tsx'
import { AgentLog } from './log.tsx'
import { Proposals } from './proposal.tsx'

/** One agent: how it fares, what can be done with it, its inbox and what its program wrote. */
export function AgentPane({ name }: { readonly name: string }) {
	const query = useQuery(`hive/${name}`, (client) => client.answer(client.v1.hive.agents(pathName(name)).get()), touchesAgent(name))
	return (
		<article className="detail">
			<Back href={hrefOf(['hive'])}>All agents</Back>
			<Shown query={query}>
				{(agent) => (
					<>
						<Agent agent={agent} />
						<Message name={name} />
						<AgentInbox name={name} />
						<AgentLog name={name} />
						<Proposals name={name} />
					</>
				)}
			</Shown>
		</article>
	)
}

function Agent({ agent }: { readonly agent: HiveAgentDetail }) {
	const { name, role, backend, parent, applied_sha, exit_code, argv, live, started_at, created_at, state } = agent
	const trouble = agentTrouble(agent)
	return (
		<>
			<header className="detail-head">
				<h2>{name}</h2>
				<Status word={agentWord(agent)} tone={agentTone(agentWord(agent))} />
			</header>
			{trouble !== null && <p className="trouble">{trouble}</p>}
			<Facts
				facts={[
					['Role', role],
					['Runs in', backend],
					['Runs for', state === 'running' && started_at !== null && <Age at={started_at} />],
					['Its cage says', live !== null && cageWord(live)],
					['Config', applied_sha === null ? 'the defaults' : <Id id={applied_sha} />],
					['Asked for by', parent],
					['Last exit code', exit_code !== null && <span className="number">{exit_code}</span>],
					['Made', <When at={created_at} />],
				]}
			/>
			<p className="command">
				<code>{argv.join(' ')}</code>
			</p>
			<Verbs agent={agent} />
		</>
	)
}

const cageWord = ({ exists, running }: { readonly exists: boolean; readonly running: boolean }): string =>
	running ? 'its program runs' : exists ? 'its program does not run' : 'it is not there'

const VERBS: { readonly [V in AgentVerb]: string } = {
	start: 'Start',
	stop: 'Stop',
	restart: 'Restart',
	pause: 'Pause',
	resume: 'Resume',
	rebuild: 'Rebuild',
}

/** What can be done with it. Ending it for good is asked about once more. */
function Verbs({ agent }: { readonly agent: HiveAgentDetail }) {
	const { name, role } = agent
	const moving = useAction<AgentVerb>((client, verb) => client.answer(client.v1.hive.agents(pathName(name))[verb].post(undefined)))
	const [isPurge, setPurge] = useState(false)
	const destroying = useDestroy(name)
	const isBusy = moving.isBusy || destroying.isBusy
	return (
		<div className="verbs">
			<div className="actions">
				{agentVerbs(agent).map((verb) => (
					<button key={verb} type="button" disabled={isBusy} onClick={() => moving.start(verb)}>
						{VERBS[verb]}
					</button>
				))}
				{role !== 'manager' && (
					<Confirm
						label="Destroy"
						title={`End ${name} for good?`}
						yes={isPurge ? 'Destroy it and its folders' : 'Destroy it'}
						tone="danger"
						isBusy={isBusy}
						onYes={() => destroying.start(isPurge)}
					>
						<p>What it did not read waits for the next agent of that name.</p>
						<label className="flag">
							<input type="checkbox" checked={isPurge} onChange={(event) => setPurge(event.target.checked)} />
							Delete its folders too: notes, logins, config
						</label>
					</Confirm>
				)}
			</div>
			{isBusy && (
				<p className="hint" role="status">
					Waiting for {name}…
				</p>
			)}
			<Failure error={moving.error ?? destroying.error} />
		</div>
	)
}

/** Afterwards there is nothing to look at, and the list is shown. */
export function useDestroy(name: string): Action<boolean> {
	return useAction<boolean>(async (client, purge) => {
		await client.answer(client.v1.hive.agents(pathName(name)).delete(undefined, { query: { purge } }))
		go(hrefOf(['hive']))
	})
}

function Message({ name }: { readonly name: string }) {
	const sending = useAction<string>((client, body) => client.answer(client.v1.hive.agents(pathName(name)).messages.post({ body })))
	return <TextForm label={`Write to ${name}`} button="Send" sending={sending} />
}
