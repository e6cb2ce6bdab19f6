import type { Effort } from '../../core/blueprint/effort.ts'
import type { Policy } from '../../protocol/blueprint.ts'
import type { McpGrant } from './grant.ts'
import type { ModelChoice } from './model.ts'
import type { AgentBlockSpec } from './spec.ts'

/** What is the same for all attempts of an agent. */
export interface AgentWork {
	readonly agent: string
	readonly spec: AgentBlockSpec
	readonly grants: readonly McpGrant[]
	readonly model: ModelChoice
	/** Absent: what the model server does by itself. */
	readonly effort: Effort | undefined
	/** Tokens and cost end an attempt between two turns; the rest is the dispatcher's. */
	readonly budget: NonNullable<Policy['budget']>
	/** Not rendered, as in mlua-swarm 0.1.0. */
	readonly system: string
}
