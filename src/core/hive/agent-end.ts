import { messageOf } from '../../kernel/error.ts'
import type { AgentDeps } from './agent-deps.ts'
import { bringDown, takeAway } from './agent-start.ts'
import type { AgentRecord, AgentState } from './agent-store.ts'

export const MANAGED: readonly AgentState[] = ['running', 'stopping', 'stopped', 'failed']

/** Brings an agent to rest; its socket is gone and its folders stay. */
export async function stopAgent(deps: AgentDeps, agent: AgentRecord, by: string): Promise<void> {
	const { name } = agent
	await deps.store.change(name, MANAGED, { state: 'stopping', goal: 'stopped' })
	const exitCode = (await bringDown(deps, agent)) ?? agent.exitCode
	const stopped = { state: 'stopped', handle: null, exitCode, failure: null, restarts: 0 } as const
	await deps.store.change(name, ['stopping'], stopped, { kind: 'hive.agent_stopped', data: { by, exit_code: exitCode } })
}

/** Everything of it goes but its folders, and with `purge` those too. Goes on where a death of the server interrupted it. */
export async function destroyAgent(deps: AgentDeps, agent: AgentRecord, { purge, by }: { purge: boolean; by: string }): Promise<void> {
	const { store, approvals, folders } = deps
	const { name } = agent
	await store.change(name, MANAGED, { state: 'stopping', goal: 'destroyed', purge })
	const exitCode = await takeAway(deps, agent)
	await approvals.failPending(name, 'agent destroyed')
	if (purge) await folders.purge(name)
	const destroyed = { state: 'destroyed', handle: null, exitCode, restarts: 0, paused: false, purge: false } as const
	await store.change(name, ['stopping'], destroyed, { kind: 'hive.agent_destroyed', data: { by, purge } })
	if (purge) await store.forget(name, { kind: 'hive.agent_purged', data: { by } })
}

/** A spawn that came to nothing: its folders stay, as those of a destroyed agent. What cannot be ended is left to be destroyed again. */
export async function undoSpawn(deps: AgentDeps, agent: AgentRecord, reason: string): Promise<void> {
	const event = { kind: 'hive.agent_spawn_failed', data: { reason } } as const
	try {
		await takeAway(deps, agent)
		const undone = { state: 'destroyed', goal: 'destroyed', failure: reason } as const
		await deps.store.change(agent.name, ['creating'], undone, event)
	} catch (error) {
		deps.log.error('a spawn that failed could not be undone', { agent: agent.name, reason: messageOf(error) })
		await deps.store.change(agent.name, ['creating'], { state: 'stopping', goal: 'destroyed', failure: reason }, event)
	}
}
