import type { HiveApproval, Int64 } from '../../protocol/hive.ts'
import type { HandOver } from './mailbox.ts'

/** Who the hive's own messages are from; nobody can write to it. */
export const SYSTEM = 'system'
/** The person; its inbox is written to like an agent's. */
export const OPERATOR = 'operator'

/**
 * What the operator may do. Refusals are an MseError whose sentence reaches the caller as it is: `no such agent`,
 * `agent "x" already exists`, `no such approval 7`. A promise resolves once the effect is there and on disk.
 */
export interface HiveHost {
	spawn(name: string): Promise<void>
	/** Queues a spawn for approval. `requester` is the logical name of who asks. */
	requestSpawn(name: string, requester: string): Promise<void>
	kill(name: string): Promise<void>
	destroy(name: string, how: { readonly purge: boolean }): Promise<void>
	rebuild(name: string): Promise<void>
	/** Logical names of managed agents, sorted by bytes. */
	list(): Promise<readonly string[]>
	/** What waits, by ascending id; kinds that this wire does not know are left out. */
	pending(): Promise<readonly HiveApproval[]>
	/** Resolves only once the approval ended as approved. */
	approve(id: Int64): Promise<void>
	deny(id: Int64, note?: string): Promise<void>
}

/** What a socket of an agent, or that of the manager, may do. `owner` is the name the socket was opened for, never a field of a request. */
export interface HiveAgentFace {
	send(owner: string, to: string, body: string): Promise<void>
	/** Hands over the oldest message that was not delivered; false when none came within the wait. */
	recv(owner: string, how: Receiving): Promise<boolean>
	/** Messages that were not delivered; changes nothing. */
	unread(owner: string): Promise<number>
	/** Puts a message of the operator into the owner's own inbox. */
	operatorMsg(owner: string, body: string): Promise<void>
	/** The manager's. */
	requestSpawn(owner: string, name: string): Promise<void>
	/** The manager's; never of itself. */
	kill(owner: string, name: string): Promise<void>
	/** The manager's. */
	requestApplyCommit(owner: string, agent: string, ref: string): Promise<void>
}

export interface Receiving {
	/** Absent: what the configuration says. */
	readonly waitSeconds?: number | undefined
	/** Fires when the receiver is gone; a message that was meant for it goes to the next one. */
	readonly signal: AbortSignal
	readonly handOver: HandOver
}

/** Who can be written to, besides the manager and the operator. */
export interface AgentDirectory {
	/** Running or stopped, and not destroyed. */
	isManaged(name: string): boolean | Promise<boolean>
	/** Whom an agent may write to by its config; null: everybody. Left out where no agent has one. */
	recipientsOf?(name: string): Promise<readonly string[] | null>
}

/** The sockets of agents, opened and closed along with their lives. Both may be called when it is already so. */
export interface AgentSockets {
	/** Resolves once a client can connect. */
	open(name: string): Promise<void>
	/** Ends its connections and removes the file; what waits in the inbox stays. */
	close(name: string): Promise<void>
}
