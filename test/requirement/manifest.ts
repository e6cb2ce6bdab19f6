import { adapterRequirements } from './adapter.ts'
import { approvalRequirements } from './approval.ts'
import { authoringRequirements } from './authoring.ts'
import { engineRequirements } from './engine.ts'
import { enhanceRequirements } from './enhance.ts'
import { featureRequirements } from './feature.ts'
import { fieldRequirements } from './field.ts'
import { hiveRequirements } from './hive.ts'
import { hiveAgentRequirements } from './hive-agent.ts'
import { hiveConfigRequirements } from './hive-config.ts'
import { hiveFaceRequirements } from './hive-face.ts'
import { hiveHttpRequirements } from './hive-http.ts'
import { mcpRequirements } from './mcp.ts'
import { runtimeRequirements } from './runtime.ts'
import { wireRequirements } from './wire.ts'

/** One behaviour somebody relies on: cited by a test, or listed with the reason why it is decided otherwise. */
export interface Requirement {
	readonly id: string
	readonly behaviour: string
	/** Set when the product decides otherwise; says what it does instead and why. */
	readonly otherwise?: string
}

/** Every row, as written; a test keeps the ids unique. */
export const requirementRows: readonly Requirement[] = [
	...wireRequirements,
	...engineRequirements,
	...fieldRequirements,
	...hiveConfigRequirements,
	...adapterRequirements,
	...runtimeRequirements,
	...featureRequirements,
	...enhanceRequirements,
	...hiveAgentRequirements,
	...hiveRequirements,
	...hiveFaceRequirements,
	...hiveHttpRequirements,
	...authoringRequirements,
	...approvalRequirements,
	...mcpRequirements,
]

export const requirements: ReadonlyMap<string, Requirement> = new Map(requirementRows.map((row) => [row.id, row]))
