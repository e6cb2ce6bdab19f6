import { MseError } from '../../kernel/error.ts'
import type { Json } from '../../kernel/json.ts'
import type { Blueprint } from '../../protocol/blueprint.ts'
import { AgentDefSchema } from '../../protocol/blueprint-agent.ts'
import type { EnhanceSetting, EnhanceSettingInput } from '../../protocol/enhance.ts'
import type { Diagnostic } from '../blueprint/diagnostic.ts'
import { parseBlueprint } from '../blueprint/parse.ts'
import { readValue } from '../blueprint/read-value.ts'
import { blueprintInvalid } from '../blueprint/resolve.ts'
import type { BlueprintStore } from '../blueprint/store.ts'
import type { EnhanceStore } from './store.ts'

/** What checks a patch unless a setting says otherwise (mlua-swarm 0.1.0). */
export const DEFAULT_AXES = ['des', 'canonical', 'noop', 'agent-ref']

/**
 * Commits the Blueprint of a setting, unless it is the head already, and keeps the rest with a reference to it; an earlier
 * setting of that id is replaced. Throws `malformed` before anything is written, and `conflict` for an archived Blueprint.
 */
export async function saveSetting(
	deps: { readonly enhance: EnhanceStore; readonly blueprints: BlueprintStore },
	input: EnhanceSettingInput,
): Promise<EnhanceSetting> {
	const document = input.blueprint as Json
	const { setting, blueprint } = parseSetting(input, document)
	const message = `orbit Blueprint of enhance setting ${input.id}`
	await deps.blueprints.commit({ id: blueprint.id, document, blueprint, author: 'enhance', message })
	await deps.enhance.putSetting(setting)
	return setting
}

/** A setting by its id; throws `not_found` in the words of mlua-swarm 0.1.0. */
export async function requireSetting(enhance: EnhanceStore, id: string): Promise<EnhanceSetting> {
	return (await enhance.setting(id)) ?? refuseUnknown(id)
}

export function refuseUnknown(id: string): never {
	throw new MseError('not_found', `enhance setting not found: ${id}`, { code: 'unknown_setting' })
}

function parseSetting(input: EnhanceSettingInput, document: Json): { setting: EnhanceSetting; blueprint: Blueprint } {
	if (input.id.trim() === '') throw new MseError('malformed', 'id must be non-empty', { code: 'blank_id' })
	if (input.ttl_secs === 0) throw new MseError('malformed', 'ttl_secs must be greater than 0', { code: 'bad_ttl' })
	if (input.spawner != null) checkSpawner(input.spawner)
	const { blueprint, diagnostics } = parseBlueprint(document)
	if (!blueprint) throw blueprintInvalid(diagnostics)
	const setting: EnhanceSetting = {
		id: input.id,
		blueprint_id: blueprint.id,
		ttl_secs: input.ttl_secs,
		version: input.version ?? { kind: 'latest' },
		verifier_axes: input.verifier_axes ?? DEFAULT_AXES,
		meta: input.meta ?? {},
		...(input.spawner != null && { spawner: input.spawner }),
	}
	return { setting, blueprint }
}

function checkSpawner(raw: unknown): void {
	const diagnostics: Diagnostic[] = []
	readValue({ diagnostics, special: () => undefined }, AgentDefSchema, raw, '$.spawner')
	const [first] = diagnostics
	if (first)
		throw new MseError('malformed', `spawner: ${first.message} at ${first.path}`, { code: 'invalid_spawner', details: { diagnostics } })
}
