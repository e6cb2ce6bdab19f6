import type { JsonObject } from '../../kernel/json.ts'
import type { Plan } from '../dispatch/plan.ts'

/** What a reference resolved to. */
export interface ResolvedBlueprint {
	readonly plan: Plan
	/** Hash of the commit, or null for an inline Blueprint. */
	readonly boundVersion: string | null
	/** The reference as it is kept with the task; an inline document is named by its hash. */
	readonly reference: JsonObject
	/** Queues the write that keeps an inline document under its hash; nothing for a stored one. */
	pin(): Promise<void>
}
