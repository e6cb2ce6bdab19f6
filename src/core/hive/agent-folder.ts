import type { Mount } from './agent-spec.ts'

/** The folders of one agent. All are absolute. */
export interface AgentHome {
	/** The repository that the manager writes its proposals to. */
	readonly config: string
	/** Its durable notes. */
	readonly state: string
	/** The login of its CLI. */
	readonly creds: string
	readonly logs: string
	/** Where its socket lies; gone while it is destroyed. */
	readonly socket: string
}

/** The name of the socket in its folder. */
export const SOCKET_FILE = 'mcp.sock'

/** The folders of agents on disk. Every path is below its root for real, whatever links were put there meanwhile. */
export interface AgentFolders {
	/** Pure; throws `malformed` for a name that has not the form of one. */
	home(name: string): AgentHome
	/** Makes what is missing; `uid` is whom the agent's own folders belong to, `proposer` whom its proposals do. What is there is kept. */
	prepare(name: string, uid: number | null, proposer: number | null): Promise<AgentHome>
	/** What the manager works with, by now: the repositories of proposals, which are given to its user, and, read only, those of what was applied. */
	managerMounts(uid: number | null): Promise<readonly Mount[]>
	/** Gives the agent's user its socket; to be called once that is open. */
	handOver(name: string, uid: number | null): Promise<void>
	/** Deletes the folder of its socket, and nothing that is to last. */
	clearRuntime(name: string): Promise<void>
	/** Deletes everything it has: notes, login, logs, its proposals and what was applied. */
	purge(name: string): Promise<void>
	/** Names with folders that last, managed or not, sorted. */
	kept(): Promise<readonly string[]>
}
