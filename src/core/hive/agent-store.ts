import type { Json } from '../../kernel/json.ts'
import type { EventKind } from '../../protocol/event.ts'
import type { AgentRole, RunSpec } from './agent-spec.ts'
import type { CageHandle } from './cage.ts'

/** `destroyed` is what is left of one whose folders were kept; every other agent is managed. */
export type AgentState = 'creating' | 'running' | 'stopping' | 'stopped' | 'failed' | 'destroyed'

/** What was last asked for; an operation that a death of the server interrupted is brought there at the next start. */
export type AgentGoal = 'running' | 'stopped' | 'destroyed'

/** Times in milliseconds since the epoch. */
export interface AgentRecord {
	readonly name: string
	readonly role: AgentRole
	readonly state: AgentState
	readonly goal: AgentGoal
	readonly cage: string
	readonly spec: RunSpec
	/** Set while it runs. */
	readonly handle: CageHandle | null
	/** The user it runs as, given once and kept; null: the server's own. */
	readonly uid: number | null
	/** Of its last end, where it was seen. */
	readonly exitCode: number | null
	/** Why it failed. */
	readonly failure: string | null
	readonly startedAt: number | null
	/** Restarts in a row by its restart policy. */
	readonly restarts: number
	/** Its harness takes no message meanwhile. */
	readonly paused: boolean
	/** Whoever asked for it. */
	readonly parent: string | null
	/** Its destruction is to delete its folders too. */
	readonly purge: boolean
	readonly createdAt: number
	readonly updatedAt: number
}

export type AgentDraft = Pick<AgentRecord, 'name' | 'role' | 'cage' | 'spec' | 'parent'>
export type AgentPatch = Partial<Omit<AgentRecord, 'name' | 'role' | 'parent' | 'createdAt' | 'updatedAt'>>

/** A fact about an agent; the store adds the name. */
export interface AgentEvent {
	readonly kind: Extract<EventKind, `hive.agent_${string}`>
	readonly data?: { readonly [key: string]: Json | undefined }
}

/** Agents, managed and destroyed. Each method is one transaction. */
export interface AgentStore {
	find(name: string): Promise<AgentRecord | null>
	/** Destroyed ones too, by the bytes of their names. */
	list(): Promise<readonly AgentRecord[]>
	/**
	 * Takes a name for a new agent in state `creating`; null when it is managed. With `uidBase` it gets a user of its own from there
	 * on, the same one as before its destruction.
	 */
	claim(draft: AgentDraft, uidBase: number | null): Promise<AgentRecord | null>
	/** Compare-and-set on the state, with the fact it makes; null when the agent is in none of them. */
	change(name: string, from: readonly AgentState[], patch: AgentPatch, event?: AgentEvent): Promise<AgentRecord | null>
	/** Forgets a destroyed one; false when there was none. */
	forget(name: string, event: AgentEvent): Promise<boolean>
}
