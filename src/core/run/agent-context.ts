import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { AgentDef, Blueprint, ContextPolicy } from '../../protocol/blueprint.ts'
import { effectiveContextPolicy } from '../blueprint/runner.ts'
import type { AgentContext } from '../dispatch/backend.ts'
import type { TaskInput } from './record.ts'

const KNOWN_KEYS = ['project_root', 'work_dir', 'task_metadata', 'project_name_alias', 'input_refs'] as const

/**
 * What an agent is shown beside its prompt, key by key from the first tier that has it: task, step, agent, Blueprint
 * (mlua-swarm 0.6.0). A tier that is not an object is skipped. The context policy filters the result.
 */
export function assembleContext(
	blueprint: Blueprint,
	agent: AgentDef,
	taskInput: TaskInput | undefined,
	stepCtx: JsonObject | undefined,
): AgentContext {
	const tiers: (Json | undefined)[] = [
		blueprint.default_agent_ctx,
		metaCtx(blueprint, agent),
		agent.meta?.ctx,
		stepCtx,
		aliasTier(blueprint),
		{ ...taskInput },
	]
	const merged: JsonObject = Object.assign({}, ...tiers.filter(isJsonObject))
	return toContext(filterKeys(merged, effectiveContextPolicy(blueprint, agent)))
}

function metaCtx(blueprint: Blueprint, agent: AgentDef): Json | undefined {
	const ref = agent.meta?.meta_ref
	return ref === undefined || ref === null ? undefined : blueprint.metas.findLast(({ name }) => name === ref)?.ctx
}

function aliasTier(blueprint: Blueprint): JsonObject {
	const alias = blueprint.metadata.project_name_alias
	return alias === undefined || alias === null ? {} : { project_name_alias: alias }
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
