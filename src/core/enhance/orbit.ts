import type { Json } from '../../kernel/json.ts'
import { parseBlueprint } from '../blueprint/parse.ts'
import type { BlueprintStore } from '../blueprint/store.ts'
import orbit from './enhance-default.json' with { type: 'json' }
import type { EnhanceStore } from './store.ts'

/** The agent that turns an issue into a patch; a setting may put another in its place. */
export const SPAWNER = 'patch-spawner'

/** What issues are worked on by unless somebody says otherwise: whoever is `main-ai` writes the patch, functions do the rest. */
export const orbitBlueprint: Json = orbit

const TTL_SECS = 3600
const AXES = ['des', 'canonical', 'noop', 'agent-ref', 'compile']

/** Stores the Blueprint `enhance-default` and the setting `default`, each where there is none. */
export async function seedEnhance(enhance: EnhanceStore, blueprints: BlueprintStore): Promise<void> {
	const { blueprint } = parseBlueprint(orbitBlueprint)
	if (!blueprint) return
	const { id } = blueprint
	if ((await blueprints.isArchived(id)) === null)
		await blueprints.commit({ id, document: orbitBlueprint, blueprint, author: 'mse-server', message: 'seed' })
	if (await enhance.setting('default')) return
	const version = { kind: 'latest' } as const
	await enhance.putSetting({ id: 'default', blueprint_id: id, ttl_secs: TTL_SECS, version, verifier_axes: AXES, meta: {} })
}
