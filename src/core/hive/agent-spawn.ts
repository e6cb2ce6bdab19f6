import { MseError, messageOf } from '../../kernel/error.ts'
import { type AgentDeps, cageOf } from './agent-deps.ts'
import { undoSpawn } from './agent-end.ts'
import { type AgentRole, resolveSpec } from './agent-spec.ts'
import { bringUp } from './agent-start.ts'
import type { Cage } from './cage.ts'

export interface NewAgent {
	readonly name: string
	readonly role: AgentRole
	readonly by: string
	readonly parent: string | null
}

/** Makes an agent and starts it; the cause is thrown when it does not start, and nothing is left but its folders. */
export async function createAgent(deps: AgentDeps, { name, role, by, parent }: NewAgent): Promise<void> {
	const { store, config, defaults, settings, clock, fault } = deps
	const { cage, spec } = resolveSpec(name, await config.appliedSpec(name), defaults)
	await cageFor(deps, name, cage)
	const agent = await store.claim({ name, role, cage, spec, parent }, settings.uidBase)
	if (agent === null) throw new MseError('conflict', `agent ${JSON.stringify(name)} already exists`, { code: 'agent_exists' })
	fault('agent.after_claim')
	try {
		const handle = await bringUp(deps, agent, 'new')
		fault('agent.before_commit')
		const spawned = { kind: 'hive.agent_spawned', data: { role, by, parent, backend: cage } } as const
		await store.change(name, ['creating'], { state: 'running', handle, startedAt: clock.now() }, spawned)
	} catch (error) {
		await undoSpawn(deps, agent, messageOf(error))
		throw error
	}
}

/** The cage of that id, if it takes names as long as this one and can run anything here. */
export async function cageFor(deps: AgentDeps, name: string, id: string): Promise<Cage> {
	const cage = cageOf(deps, id)
	if (name.length > cage.maxNameLength) {
		const limit = `the ${id} backend takes at most ${cage.maxNameLength} characters`
		throw new MseError('malformed', `invalid agent name ${JSON.stringify(name)}: ${limit}`, { code: 'invalid_name' })
	}
	const { available, detail } = await cage.probe()
	if (available) return cage
	throw new MseError('unavailable', `the ${id} backend cannot run agents here: ${detail}`, {
		code: 'backend_unavailable',
		hint: 'Mend that, or name another backend.',
	})
}
