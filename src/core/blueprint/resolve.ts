import { MseError } from '../../kernel/error.ts'
import type { Json } from '../../kernel/json.ts'
import type { Blueprint } from '../../protocol/blueprint.ts'
import type { Diagnostic } from './diagnostic.ts'
import { blueprintHash } from './normal-form.ts'
import { parseBlueprint } from './parse.ts'
import { highestMatching } from './semver-req.ts'
import type { BlueprintCommit, BlueprintStore, StoredBlueprint } from './store.ts'

/** Which Blueprint to run; `raw` is a document as sent. */
export type BlueprintReference =
	| { readonly kind: 'inline'; readonly raw: unknown }
	| { readonly kind: 'id'; readonly id: string; readonly version: VersionSelector }
	| { readonly kind: 'hash'; readonly hash: string }

export type VersionSelector =
	| { readonly kind: 'latest' }
	| { readonly kind: 'fixed'; readonly value: string }
	| { readonly kind: 'semver_req'; readonly req: string }

export interface ResolvedBlueprint {
	readonly blueprint: Blueprint
	readonly document: Json
	readonly hash: string
	/** The commit it was found by; null for a document without an id. */
	readonly commit: BlueprintCommit | null
}

/** So many of the newest commits are looked at when a version is selected by its label. */
const LABELLED_COMMITS = 1024

/** A stored document, as sent, with the version it is. */
export interface FoundDocument {
	readonly document: Json
	readonly hash: string
	/** The commit it was found by; null when it was asked for by hash alone. */
	readonly commit: BlueprintCommit | null
}

/**
 * The stored document a reference means, not parsed. Refuses with `malformed` and one of `store_not_configured`,
 * `blueprint_not_found`, `version_not_found`, `no_matching_version`, `invalid_version_label`, `invalid_semver_req`; with
 * `conflict` and `blueprint_archived` when the head of an archived one is asked for.
 */
export async function findDocument(
	store: BlueprintStore | undefined,
	reference: Exclude<BlueprintReference, { kind: 'inline' }>,
): Promise<FoundDocument> {
	if (!store)
		throw new MseError('malformed', 'store not configured (BlueprintRef::Id requires store)', {
			code: 'store_not_configured',
			hint: 'Send the Blueprint inline, or start the server with a Blueprint store.',
		})
	if (reference.kind === 'id') {
		const { document, commit } = await select(store, reference.id, reference.version)
		return { document, hash: commit.hash, commit }
	}
	const document = await store.readByHash(reference.hash)
	if (document !== null) return { document, hash: reference.hash, commit: null }
	throw new MseError('malformed', `store: blueprint not found: version=${reference.hash}`, { code: 'version_not_found' })
}

/** The parsed document a reference means. Refuses like `findDocument`, and with `blueprint_invalid`. */
export async function resolveReference(store: BlueprintStore | undefined, reference: BlueprintReference): Promise<ResolvedBlueprint> {
	if (reference.kind === 'inline') return parsed(reference.raw as Json, null)
	const { document, hash, commit } = await findDocument(store, reference)
	return { ...parsed(document, commit), hash }
}

async function select(store: BlueprintStore, id: string, selector: VersionSelector): Promise<StoredBlueprint> {
	switch (selector.kind) {
		case 'latest':
			return (await store.head(id)) ?? refuseId(id)
		case 'fixed':
			return (await store.read(id, selector.value)) ?? refuseVersion(store, id, selector.value)
		case 'semver_req': {
			const commits = await store.history(id, { limit: LABELLED_COMMITS })
			if (commits.length === 0) return refuseId(id)
			const { hash } = highestMatching(commits, selector.req)
			return (await store.read(id, hash)) ?? refuseVersion(store, id, hash)
		}
	}
}

function parsed(document: Json, commit: BlueprintCommit | null): ResolvedBlueprint {
	const { blueprint, diagnostics } = parseBlueprint(document)
	if (!blueprint) throw blueprintInvalid(diagnostics)
	return { blueprint, document, hash: commit?.hash ?? blueprintHash(blueprint), commit }
}

/** Refuses a document that does not parse; every finding is in `details.diagnostics`. */
export function blueprintInvalid(diagnostics: readonly Diagnostic[]): MseError {
	const [first] = diagnostics
	const more = diagnostics.length > 1 ? ` (and ${diagnostics.length - 1} more)` : ''
	const hint = 'fetch the Blueprint JSON Schema via the MCP adapter bp_schema tool'
	return new MseError('malformed', `blueprint parse: ${first?.message} at ${first?.path}${more} (hint: ${hint})`, {
		code: 'blueprint_invalid',
		...(first?.hint && { hint: first.hint }),
		details: { diagnostics },
	})
}

function refuseId(id: string): never {
	throw new MseError('malformed', `store: blueprint id not found: ${id}`, { code: 'blueprint_not_found' })
}

async function refuseVersion(store: BlueprintStore, id: string, hash: string): Promise<never> {
	if ((await store.isArchived(id)) === null) return refuseId(id)
	throw new MseError('malformed', `store: blueprint not found: id=${id} version=${hash}`, { code: 'version_not_found' })
}
