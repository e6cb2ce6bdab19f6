import { MseError } from '../../kernel/error.ts'
import type { Blueprint } from '../../protocol/blueprint.ts'
import { parseBlueprint } from './parse.ts'
import { blueprintInvalid } from './resolve.ts'
import type { BlueprintStore, StoredBlueprint } from './store.ts'

/** The head of a Blueprint. Upstream answers 404 whatever keeps it from being read; an archived one says how to get it back. */
export async function readHead(blueprints: BlueprintStore, id: string): Promise<StoredBlueprint> {
	try {
		const head = await blueprints.head(id)
		if (head) return head
	} catch (error) {
		if (error instanceof MseError && error.kind === 'conflict')
			throw new MseError('not_found', error.message, { code: error.code, cause: error })
		throw error
	}
	throw unknownBlueprint(id)
}

/** The head, parsed, with its version. */
export async function readParsedHead(
	blueprints: BlueprintStore,
	id: string,
): Promise<{ readonly blueprint: Blueprint; readonly version: string }> {
	const { document, commit } = await readHead(blueprints, id)
	const { blueprint, diagnostics } = parseBlueprint(document)
	if (!blueprint) throw blueprintInvalid(diagnostics)
	return { blueprint, version: commit.hash }
}

/** A version of a Blueprint, of an archived one too. */
export async function readVersion(blueprints: BlueprintStore, id: string, version: string): Promise<StoredBlueprint> {
	return (await blueprints.read(id, version)) ?? (await refuseVersion(blueprints, id, version))
}

export function unknownBlueprint(id: string): MseError {
	return new MseError('not_found', `There is no Blueprint ${id}.`, { code: 'unknown_blueprint' })
}

/** Throws `not_found` for a version that an id never had, or for an unknown id. */
export async function refuseVersion(blueprints: BlueprintStore, id: string, version: string): Promise<never> {
	if ((await blueprints.isArchived(id)) === null) throw unknownBlueprint(id)
	throw new MseError('not_found', `Blueprint ${id} never had version ${version}.`, {
		code: 'unknown_version',
		hint: `GET /v1/blueprints/${id}/history lists its versions.`,
	})
}
