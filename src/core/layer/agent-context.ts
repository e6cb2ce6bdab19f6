import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { AgentDef, Blueprint, ContextPolicy } from '../../protocol/blueprint.ts'
import { agentTiers } from '../blueprint/agent-tier.ts'
import { effectiveContextPolicy } from '../blueprint/runner.ts'
import type { AgentContext } from '../dispatch/backend.ts'
import type { TaskInput } from '../run/record.ts'

const TEXT_KEYS = ['project_root', 'work_dir', 'project_name_alias'] as const
const KNOWN_KEYS = ['project_root', 'work_dir', 'task_metadata', 'project_name_alias', 'input_refs'] as const

/** What a launch and a step add to what the Blueprint says. */
export interface ContextSource {
	readonly taskInput: TaskInput | undefined
	readonly stepCtx: JsonObject | undefined
	/** Told of a tier, or of a key, that is not of the shape it has to be and is skipped. */
	malformed(what: string): void
}

/**
 * What an agent is shown beside its prompt, key by key from the first tier that has it: launch, step, agent, Blueprint
 * (mlua-swarm 0.6.0). The context policy filters the result.
 */
export function assembleContext(blueprint: Blueprint, agent: AgentDef, source: ContextSource): AgentContext {
	const alias = blueprint.metadata.project_name_alias
	const tiers: readonly (readonly [string, Json | undefined])[] = [
		...agentTiers(blueprint, agent).map(({ where, ctx }) => [where, ctx] as const),
		['$step_meta', source.stepCtx],
		['metadata', alias == null ? {} : { project_name_alias: alias }],
		['task input', { ...source.taskInput }],
	]
	const merged: JsonObject = {}
	for (const [name, tier] of tiers) {
		if (isJsonObject(tier)) Object.assign(merged, tier)
		else if (tier != null) source.malformed(`${name} is not an object`)
	}
	return toContext(filterKeys(shaped(merged, source), effectiveContextPolicy(blueprint, agent)))
}

/** `input_refs` name outputs of earlier steps; a single id will do for a list of one. */
function shaped(merged: JsonObject, { malformed }: ContextSource): JsonObject {
	const isWrong = (key: string): boolean => (TEXT_KEYS as readonly string[]).includes(key) && typeof merged[key] !== 'string'
	for (const key of TEXT_KEYS) if (merged[key] != null && isWrong(key)) malformed(`${key} is not a text`)
	const { input_refs: refs, ...keys } = Object.fromEntries(Object.entries(merged).filter(([key]) => !isWrong(key)))
	if (refs == null) return keys
	const list = Array.isArray(refs) ? refs : [refs]
	if (list.every((ref) => typeof ref === 'string')) return { ...keys, input_refs: list }
	malformed('input_refs is not a list of ids')
	return keys
}

function filterKeys(keys: JsonObject, policy: ContextPolicy | null): JsonObject {
	if (policy === null) return keys
	const include = policy.include ?? null
	const passes = (key: string): boolean => !policy.exclude.includes(key) && (include === null || include.includes(key))
	return Object.fromEntries(Object.entries(keys).filter(([key]) => passes(key)))
}

function toContext(keys: JsonObject): AgentContext {
	const known = Object.fromEntries(KNOWN_KEYS.flatMap((key) => (keys[key] === undefined ? [] : [[key, keys[key]]])))
	const extra = Object.fromEntries(Object.entries(keys).filter(([key]) => !(KNOWN_KEYS as readonly string[]).includes(key)))
	return Object.keys(extra).length === 0 ? known : { ...known, extra }
}
