import { useState } from 'react'
import type { Event } from '../../../../protocol/event.ts'
import type { HiveAgent } from '../../../../protocol/hive-http.ts'
import { type Query, useAction, useQuery } from '../../live/query.ts'
import { LineForm } from '../../part/line-form.tsx'
import { PageHead } from '../../part/page-head.tsx'
import { Nothing, Shown } from '../../part/shown.tsx'
import { Split } from '../../part/split.tsx'
import { Status } from '../../part/status.tsx'
import { Age } from '../../part/time.tsx'
import { To } from '../../part/to.tsx'
import { go } from '../../route.ts'
import { hrefOf, type Route } from '../../view/address.ts'
import { agentTone, agentTrouble, agentWord, shortHash } from '../../view/hive.ts'
import { useStatus } from '../server/status.tsx'
import { AgentPane } from './agent.tsx'
import { OperatorInbox } from './inbox.tsx'
import { KeptPane } from './kept.tsx'

/** Where the inbox of the operator is; no agent may have that name. */
export const OPERATOR = 'operator'

const touchesHive = ({ kind }: Event): boolean => kind.startsWith('hive.') || kind.startsWith('message.')

/** Undefined until the server has said it. Without a hive nothing is asked of one. */
function useIsOpen(): boolean | undefined {
	const { data } = useStatus()
	return data && data.hive_open === true
}

function useAgents(isOpen: boolean | undefined) {
	return useQuery(isOpen ? 'hive' : null, (client) => client.answer(client.v1.hive.agents.get()), touchesHive)
}

/** The agents of the hive on the left, one of them, or the operator's inbox, on the right. */
export function HivePage({ route }: { readonly route: Route }) {
	const isOpen = useIsOpen()
	const query = useAgents(isOpen)
	const name = isOpen ? route.rest[0] : undefined
	return (
		<Split label="Agents" open={name && { label: `Agent ${name}`, pane: <Pane key={name} name={name} query={query} /> }}>
			<PageHead title="Hive" about="Agents that live on their own, write to one another, and outlive this server." />
			{isOpen === false || isOff(query) ? <HiveOff /> : <AgentList query={query} open={name} />}
		</Split>
	)
}

/** Messages to the operator that nobody took yet. */
export function HiveCount() {
	const { data } = useQuery(
		useIsOpen() ? 'hive/operator/count' : null,
		(client) => client.answer(client.v1.hive.agents({ name: OPERATOR }).inbox.get({ query: { limit: 1 } })),
		({ kind, data: { to } }) => kind.startsWith('message.') && to === OPERATOR,
	)
	const unread = data?.unread ?? 0
	if (unread === 0) return null
	return (
		<span className="count" data-tone="waits">
			{unread}
			<span className="unseen"> for you</span>
		</span>
	)
}

type AgentsQuery = ReturnType<typeof useAgents>

const isOff = ({ data, error }: Query<unknown>): boolean => data === undefined && error?.code === 'no_agents'

function Pane({ name, query }: { readonly name: string; readonly query: AgentsQuery }) {
	if (name === OPERATOR) return <OperatorInbox />
	if (query.data?.kept.includes(name)) return <KeptPane name={name} />
	return <AgentPane name={name} />
}

function HiveOff() {
	return (
		<Nothing title="This server has no hive.">
			Start it with <code>--hive-enabled true</code>, or put <code>enabled = true</code> under <code>[hive]</code> into its config file. If
			another server has the folder of the hive, <To to={['server']}>the doctor</To> says so.
		</Nothing>
	)
}

function AgentList({ query, open }: { readonly query: AgentsQuery; readonly open: string | undefined }) {
	return (
		<Shown query={query}>
			{({ agents, kept }) => (
				<>
					<SpawnForm />
					<ul className="cards">
						<InboxCard isOpen={open === OPERATOR} />
						{agents.map((agent) => (
							<AgentCard key={agent.name} agent={agent} isOpen={agent.name === open} />
						))}
					</ul>
					{agents.length === 0 && (
						<p className="hint after-list">
							There is no agent yet. What one runs is said in <code>[hive.defaults]</code> or in a config of its own.
						</p>
					)}
					{kept.length > 0 && <Kept names={kept} open={open} />}
				</>
			)}
		</Shown>
	)
}

/** Making an agent takes effect at once: who may use this page is the operator. */
function SpawnForm() {
	const [isOpen, setOpen] = useState(false)
	const spawning = useAction<string>((client, name) => client.answer(client.v1.hive.agents.post({ name })))
	if (!isOpen)
		return (
			<button type="button" onClick={() => setOpen(true)}>
				New agent
			</button>
		)
	const done = (name: string): void => {
		setOpen(false)
		go(hrefOf(['hive', name]))
	}
	return <LineForm label="Name of the agent" button="Start it" hint="a-z, 0-9 and -" acting={spawning} onDone={done} />
}

function InboxCard({ isOpen }: { readonly isOpen: boolean }) {
	return (
		<li>
			<To to={['hive', OPERATOR]} className="card" isHere={isOpen}>
				<span className="card-head">
					<span className="card-title">Your inbox</span>
					<HiveCount />
				</span>
				<span className="card-facts">What agents write to the operator</span>
			</To>
		</li>
	)
}

function AgentCard({ agent, isOpen }: { readonly agent: HiveAgent; readonly isOpen: boolean }) {
	const { name, role, backend, unread, applied_sha, started_at, state } = agent
	const trouble = agentTrouble(agent)
	return (
		<li>
			<To to={['hive', name]} className="card" isHere={isOpen}>
				<span className="card-head">
					<span className="card-title">{name}</span>
					<Status word={agentWord(agent)} tone={agentTone(agentWord(agent))} />
				</span>
				<span className="card-facts">
					{role === 'manager' && <span>manager</span>}
					<span>{backend}</span>
					{unread > 0 && <span className="number">{unread} unread</span>}
					{applied_sha !== null && <code>{shortHash(applied_sha)}</code>}
					{state === 'running' && started_at !== null && (
						<span>
							for <Age at={started_at} />
						</span>
					)}
				</span>
				{trouble !== null && <span className="card-trouble">{trouble}</span>}
			</To>
		</li>
	)
}

function Kept({ names, open }: { readonly names: readonly string[]; readonly open: string | undefined }) {
	return (
		<details className="after-list" open={open !== undefined && names.includes(open)}>
			<summary>Folders kept of {names.length === 1 ? 'an agent that is gone' : `${names.length} agents that are gone`}</summary>
			<ul className="links">
				{names.map((name) => (
					<li key={name}>
						<To to={['hive', name]} isHere={name === open}>
							{name}
						</To>
					</li>
				))}
			</ul>
		</details>
	)
}
