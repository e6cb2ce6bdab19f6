import type { Json } from '../../kernel/json.ts'
import { parseBlueprint } from './parse.ts'
import { samples, seedBlueprint } from './samples.ts'
import type { BlueprintStore } from './store.ts'

/** Stores the seed Blueprint, and the samples where asked, under ids that have no commit yet. */
export async function seed(
	config: { readonly seedBlueprintId: string; readonly seedSamples: boolean },
	blueprints: BlueprintStore,
): Promise<void> {
	const documents: Json[] = [seedBlueprint(config.seedBlueprintId), ...(config.seedSamples ? samples.map(({ document }) => document) : [])]
	for (const document of documents) {
		const { blueprint } = parseBlueprint(document)
		if (!blueprint || (await blueprints.isArchived(blueprint.id)) !== null) continue
		await blueprints.commit({ id: blueprint.id, document, blueprint, author: 'mse-server', message: 'seed' })
	}
}
