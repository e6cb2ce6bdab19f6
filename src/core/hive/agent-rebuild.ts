import { type AgentDeps, cageOf } from './agent-deps.ts'
import { MANAGED } from './agent-end.ts'
import { cageFor } from './agent-spawn.ts'
import { resolveSpec } from './agent-spec.ts'
import { bringDown, startAgent, toCaged } from './agent-start.ts'
import type { AgentRecord } from './agent-store.ts'

/** It runs what is applied by now. What its cage cannot run is refused before anything is stopped. */
export async function rebuildAgent(deps: AgentDeps, agent: AgentRecord, by: string): Promise<void> {
	const { store, config, defaults, folders } = deps
	const { name } = agent
	const next = resolveSpec(name, await config.appliedSpec(name), defaults)
	const cage = await cageFor(deps, name, next.cage)
	await cage.check(toCaged({ ...agent, ...next }, folders.home(name)))
	await stopForRestart(deps, agent)
	if (next.cage !== agent.cage) await cageOf(deps, agent.cage).remove(name)
	const changed = await store.change(name, ['stopping'], { ...next, restarts: 0 })
	if (changed) await startAgent(deps, changed, 'new', { kind: 'hive.agent_rebuilt', data: { by } })
}

export async function restartAgent(deps: AgentDeps, agent: AgentRecord, by: string): Promise<void> {
	await stopForRestart(deps, agent)
	await startAgent(deps, { ...agent, state: 'stopping' }, 'kept', { kind: 'hive.agent_started', data: { by } })
}

/** On disk first that it is to run again, so that a death in between does not leave it stopped. */
async function stopForRestart(deps: AgentDeps, agent: AgentRecord): Promise<void> {
	await deps.store.change(agent.name, MANAGED, { state: 'stopping', goal: 'running', handle: null, restarts: 0 })
	await bringDown(deps, agent)
}
