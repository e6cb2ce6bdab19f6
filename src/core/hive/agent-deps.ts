import type { Clock } from '../../kernel/clock.ts'
import { MseError } from '../../kernel/error.ts'
import type { FaultPoint } from '../../kernel/fault.ts'
import type { Logger } from '../../kernel/log.ts'
import type { AgentFolders } from './agent-folder.ts'
import type { AgentDefaults, AppliedConfig } from './agent-spec.ts'
import type { AgentStore } from './agent-store.ts'
import type { Cage } from './cage.ts'
import type { FirstCalls } from './first-call.ts'
import type { AgentSockets } from './hive.ts'

/** What was deployed for an agent; throws when that cannot be read. */
export interface AgentConfig {
	appliedSpec(name: string): Promise<AppliedConfig | undefined>
}

/** Approvals that wait and are about an agent. */
export interface ApprovalsOfAgent {
	/** They fail with that note, once and for all; repeating it is fine. */
	failPending(name: string, note: string): Promise<void>
}

export interface AgentSettings {
	/** How long an agent must run to count as started. */
	readonly startGraceMs: number
	/** From TERM to KILL. */
	readonly stopGraceMs: number
	/** How long one with `ready = "recv"` may take to its first call. */
	readonly readyWithinMs: number
	/** Pause between looks at whether agents still run; 0 turns them off. */
	readonly watchSecs: number
	/** Each agent gets a user of its own from here on; null: they share the server's. */
	readonly uidBase: number | null
}

export interface AgentDeps {
	readonly store: AgentStore
	readonly folders: AgentFolders
	readonly cages: readonly Cage[]
	readonly sockets: AgentSockets
	readonly config: AgentConfig
	readonly approvals: ApprovalsOfAgent
	readonly defaults: AgentDefaults
	readonly settings: AgentSettings
	readonly calls: FirstCalls
	/** Told before a program of that agent begins, which knows nothing of what an earlier one was about. */
	readonly beginsAnew?: (name: string) => Promise<void>
	readonly clock: Clock
	readonly log: Logger
	readonly fault: FaultPoint
}

/** Throws `malformed` for a cage that this server does not know. */
export function cageOf({ cages }: Pick<AgentDeps, 'cages'>, id: string): Cage {
	const cage = cages.find((each) => each.id === id)
	if (cage) return cage
	throw new MseError('malformed', `unknown backend ${JSON.stringify(id)}: use one of ${cages.map((each) => each.id).join(', ')}`, {
		code: 'unknown_backend',
	})
}
