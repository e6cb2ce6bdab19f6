import type { AgentDeps } from './agent-deps.ts'
import { cageOf } from './agent-deps.ts'
import { destroyAgent, stopAgent, undoSpawn } from './agent-end.ts'
import { madeReady, openSocket, startAgent } from './agent-start.ts'
import type { AgentRecord } from './agent-store.ts'

const BY = 'recovery'

/**
 * Brings an agent of an earlier life to where it was meant to be: one that runs is taken back as it is, one that ended meanwhile
 * goes to `onEnded`, and what was half done is finished. Only a spawn is undone: nobody was told that it succeeded.
 */
export async function recoverAgent(
	deps: AgentDeps,
	agent: AgentRecord,
	onEnded: (agent: AgentRecord, exitCode: number | null) => Promise<void>,
): Promise<void> {
	if (agent.state === 'destroyed') return
	if (agent.state === 'creating') return undoSpawn(deps, agent, 'interrupted by restart')
	if (agent.goal === 'destroyed') return destroyAgent(deps, agent, { purge: agent.purge, by: BY })
	if (agent.state === 'running') return adopt(deps, agent, onEnded)
	if (agent.goal === 'running') return startAgent(deps, agent, 'new', { kind: 'hive.agent_started', data: { by: BY } })
	if (agent.state === 'stopping') return stopAgent(deps, agent, BY)
}

async function adopt(
	deps: AgentDeps,
	agent: AgentRecord,
	onEnded: (agent: AgentRecord, exitCode: number | null) => Promise<void>,
): Promise<void> {
	const { running, exitCode } = await cageOf(deps, agent.cage).adopt(agent.name, agent.handle ?? {})
	if (!running) return onEnded(agent, exitCode ?? null)
	await madeReady(deps, agent)
	await openSocket(deps, agent)
	await deps.store.change(agent.name, ['running'], {}, { kind: 'hive.agent_adopted', data: { backend: agent.cage } })
}
