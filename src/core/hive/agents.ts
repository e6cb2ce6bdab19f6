import { MseError, messageOf } from '../../kernel/error.ts'
import { type AgentDeps, cageOf } from './agent-deps.ts'
import { destroyAgent, MANAGED, stopAgent } from './agent-end.ts'
import { checkAgentName, isAgentName, MANAGER } from './agent-name.ts'
import { rebuildAgent, restartAgent } from './agent-rebuild.ts'
import { recoverAgent } from './agent-recovery.ts'
import { createAgent } from './agent-spawn.ts'
import { startAgent, toCaged } from './agent-start.ts'
import type { AgentRecord } from './agent-store.ts'
import { type AgentWatch, openAgentWatch } from './agent-watch.ts'
import type { Cage, CagedAgent, CageProbe, CageState } from './cage.ts'
import { eachOf, newLanes } from './lane.ts'

/** Who wants something of an agent: `operator`, `manager`, `approval 7` … */
export interface By {
	readonly by: string
}

/** An agent, and what its cage says of it just now; null where the cage cannot be asked. */
export interface AgentView {
	readonly record: AgentRecord
	readonly live: CageState | null
}

const RECOVERED_AT_ONCE = 16

/**
 * The life of the agents of one hive. What is done to one agent is done one after the other; agents do not wait for one another.
 * Each method resolves once its effect is on disk, and throws `no such agent` for one that is not managed. Agents outlive the
 * server: call `recover` at the next start, before the sockets take requests.
 */
export class HiveAgents {
	readonly #deps: AgentDeps
	readonly #lanes = newLanes()
	readonly #watch: AgentWatch
	#closed = false

	constructor(deps: AgentDeps) {
		this.#deps = deps
		this.#watch = openAgentWatch(deps, this.#lanes)
	}

	/** Makes an agent and starts it; when it does not start nothing is left but its folders. Throws `already exists`. */
	async spawn(name: string, { by, parent = null }: By & { readonly parent?: string | null }): Promise<void> {
		checkAgentName(name)
		return this.#inLane(name, () => createAgent(this.#deps, { name, role: 'agent', by, parent }))
	}

	/** The manager runs afterwards, made if there was none. */
	async ensureManager({ by }: By): Promise<void> {
		return this.#inLane(MANAGER, async () => {
			if (!(await this.isManaged(MANAGER))) await createAgent(this.#deps, { name: MANAGER, role: 'manager', by, parent: null })
			else await this.#start(await this.#managed(MANAGER), by)
		})
	}

	/** Brings it to rest; its socket is closed. One that is stopped already is fine. */
	async kill(name: string, { by }: By): Promise<void> {
		return this.#withManaged(name, async (agent) => {
			if (agent.state !== 'stopped') await stopAgent(this.#deps, agent, by)
		})
	}

	/** Its folders stay unless they are to be purged; purging what was destroyed before is fine. Never the manager. */
	async destroy(name: string, { by, purge }: By & { readonly purge: boolean }): Promise<void> {
		if (name === MANAGER) throw new MseError('forbidden', 'refusing to destroy the manager', { code: 'is_manager' })
		return this.#inLane(name, async () => {
			if (purge && (await this.kept()).includes(name)) return this.#purge(name, by)
			const agent = await this.#managed(name)
			this.#watch.forget(name)
			await destroyAgent(this.#deps, agent, { by, purge })
		})
	}

	/** Deletes the folders of one that was destroyed. Throws `conflict` while it is managed. */
	async purge(name: string, { by }: By): Promise<void> {
		return this.#inLane(name, async () => {
			if (await this.isManaged(name))
				throw new MseError('conflict', `agent ${JSON.stringify(name)} is managed: destroy it first`, { code: 'agent_exists' })
			if (!(await this.kept()).includes(name)) throw noSuchAgent()
			await this.#purge(name, by)
		})
	}

	/** It runs what is applied by now, whether it ran before or not. What cannot be run leaves the one that runs alone. */
	async rebuild(name: string, { by }: By): Promise<void> {
		return this.#withManaged(name, (agent) => rebuildAgent(this.#deps, agent, by))
	}

	/** One that runs already is fine. */
	async start(name: string, { by }: By): Promise<void> {
		return this.#withManaged(name, (agent) => this.#start(agent, by))
	}

	async restart(name: string, { by }: By): Promise<void> {
		return this.#withManaged(name, (agent) => restartAgent(this.#deps, agent, by))
	}

	/** Says whether its harness is to take no message for the time being. */
	async setPaused(name: string, paused: boolean, { by }: By): Promise<void> {
		return this.#inLane(name, async () => {
			if ((await this.#managed(name)).paused === paused) return
			const kind = paused ? 'hive.agent_paused' : 'hive.agent_resumed'
			await this.#deps.store.change(name, MANAGED, { paused }, { kind, data: { by } })
		})
	}

	/** Names of managed agents, by their bytes. */
	async list(): Promise<readonly string[]> {
		return (await this.records()).map(({ name }) => name)
	}

	/** Managed agents, by the bytes of their names. */
	async records(): Promise<readonly AgentRecord[]> {
		return (await this.#deps.store.list()).filter(({ state }) => MANAGED.includes(state))
	}

	/** Names that are not managed and whose folders were kept. */
	async kept(): Promise<readonly string[]> {
		const managed = new Set(await this.list())
		return (await this.#deps.folders.kept()).filter((name) => !managed.has(name))
	}

	async isManaged(name: string): Promise<boolean> {
		const agent = await this.#find(name)
		return agent !== null && MANAGED.includes(agent.state)
	}

	/** Whom its config lets it write to; null: everybody. */
	async recipientsOf(name: string): Promise<readonly string[] | null> {
		return (await this.#find(name))?.spec.recipients ?? null
	}

	/** Whether it runs now, and what was deployed with that commit. */
	async runsOn(name: string, sha: string): Promise<boolean> {
		const agent = await this.#find(name)
		return agent?.state === 'running' && agent.spec.sha === sha
	}

	async inspect(name: string): Promise<AgentView> {
		const record = await this.#managed(name)
		const live = await cageOf(this.#deps, record.cage)
			.inspect(name)
			.catch(() => null)
		return { record, live }
	}

	/** The newest lines of what its program wrote, oldest first. */
	async logs(name: string, tail: number): Promise<string> {
		const { cage, caged } = await this.#caged(name)
		return cage.logs(caged, tail)
	}

	/** Runs a program as the agent and beside it. */
	async exec(name: string, argv: readonly string[]): ReturnType<Cage['exec']> {
		const { cage, caged } = await this.#caged(name)
		return cage.exec(caged, argv)
	}

	/** To be told of every request on the socket of an agent; see `ready` of its spec. */
	heard(name: string): void {
		this.#deps.calls.heard(name)
	}

	/** What each cage can do on this machine. */
	async probe(): Promise<readonly (CageProbe & { readonly id: string })[]> {
		return Promise.all(this.#deps.cages.map(async (cage) => ({ id: cage.id, ...(await cage.probe()) })))
	}

	/** Takes back the agents of an earlier life, and brings what that left half done to its end. Never throws for one agent. */
	async recover(): Promise<void> {
		const agents = await this.#deps.store.list()
		await eachOf(agents, RECOVERED_AT_ONCE, (agent) => this.#recover(agent))
	}

	/** One look at whether all that run still do; resolves to how many had ended. */
	look(): Promise<number> {
		return this.#watch.look()
	}

	/** Lets the agents live and waits for what is under way. Nothing may be asked afterwards. */
	async close(): Promise<void> {
		this.#closed = true
		await this.#watch.close()
		await this.#lanes.idle()
	}

	async #start(agent: AgentRecord, by: string): Promise<void> {
		if (agent.state === 'running') return
		await this.#deps.store.change(agent.name, MANAGED, { goal: 'running', restarts: 0 })
		await startAgent(this.#deps, agent, 'kept', { kind: 'hive.agent_started', data: { by } })
	}

	async #purge(name: string, by: string): Promise<void> {
		await this.#deps.folders.purge(name)
		await this.#deps.store.forget(name, { kind: 'hive.agent_purged', data: { by } })
	}

	async #recover(agent: AgentRecord): Promise<void> {
		const { log } = this.#deps
		await this.#inLane(agent.name, () => recoverAgent(this.#deps, agent, this.#watch.ended)).catch((error) =>
			log.error('an agent of an earlier life could not be taken back', { agent: agent.name, reason: messageOf(error) }),
		)
	}

	async #caged(name: string): Promise<{ cage: Cage; caged: CagedAgent }> {
		const agent = await this.#managed(name)
		return { cage: cageOf(this.#deps, agent.cage), caged: toCaged(agent, this.#deps.folders.home(name)) }
	}

	async #find(name: string): Promise<AgentRecord | null> {
		return isAgentName(name) ? this.#deps.store.find(name) : null
	}

	async #managed(name: string): Promise<AgentRecord> {
		const agent = await this.#find(name)
		if (agent === null || !MANAGED.includes(agent.state)) throw noSuchAgent()
		return agent
	}

	/** A restart that is due for it by its policy is not made any more. */
	#withManaged(name: string, work: (agent: AgentRecord) => Promise<void>): Promise<void> {
		return this.#inLane(name, async () => {
			const agent = await this.#managed(name)
			this.#watch.forget(name)
			await work(agent)
		})
	}

	async #inLane<T>(name: string, work: () => Promise<T>): Promise<T> {
		if (!this.#closed) return this.#lanes.run(name, work)
		throw new MseError('unavailable', 'the hive is stopping', { code: 'stopping', hint: 'Try again once the server is up.' })
	}
}

function noSuchAgent(): MseError {
	return new MseError('not_found', 'no such agent', { code: 'no_such_agent' })
}
