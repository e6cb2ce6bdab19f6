import type { JsonObject } from '../../kernel/json.ts'
import type { AgentHome } from './agent-folder.ts'
import type { AgentRole, Mount, RunSpec } from './agent-spec.ts'

/** An agent as its cage sees it. */
export interface CagedAgent extends RunSpec {
	readonly name: string
	readonly role: AgentRole
	readonly home: AgentHome
	/** The user it runs as; null: the server's own. */
	readonly uid: number | null
	/** What it sees beside its own, in a cage with a file system of its own. */
	readonly shown?: readonly Mount[]
}

export interface CageState {
	readonly exists: boolean
	readonly running: boolean
	/** Of one that ended; absent where nobody saw it end, or a signal ended it. */
	readonly exitCode?: number
}

export interface CageProbe {
	readonly available: boolean
	/** A sentence without a full stop: what there is, or what is missing. */
	readonly detail: string
	/** Whether the machine keeps an agent from the sockets of others. */
	readonly isolates: boolean
}

/** Tells a cage in a later life of the server what it started. */
export type CageHandle = JsonObject

/**
 * A way to keep an agent's program running apart from the server, so that it outlives it. Names are those of agents. The methods
 * of one name are never called at the same time. What goes wrong is an MseError that says what.
 */
export interface Cage {
	readonly id: string
	readonly maxNameLength: number
	probe(): Promise<CageProbe>
	/** Throws for a spec that this cage cannot run, before anything is changed. */
	check(agent: CagedAgent): Promise<void>
	/** Makes the cage; one of that name that is there already is replaced. */
	create(agent: CagedAgent): Promise<void>
	/** Starts it; whatever an earlier life left running under that name is ended first. */
	start(agent: CagedAgent): Promise<CageHandle>
	/** Ends everything in it: TERM, and KILL after the grace. Nothing of that name runs afterwards. One that does not run is fine. */
	stop(name: string, graceMs: number): Promise<CageState>
	/** The cage must be stopped; one that is not there is fine. */
	remove(name: string): Promise<void>
	inspect(name: string): Promise<CageState>
	/** Takes back what another life of the server started; running only if it is that very one. */
	adopt(name: string, handle: CageHandle): Promise<CageState>
	/** The newest lines of what its program wrote, oldest first. */
	logs(agent: CagedAgent, tail: number): Promise<string>
	/** Runs a program beside that of the agent, as the agent. */
	exec(agent: CagedAgent, argv: readonly string[]): Promise<{ readonly exitCode: number | null; readonly output: string }>
	/** Looks after a running one now and then: its logs are cut. */
	tend?(agent: CagedAgent): Promise<void>
}
