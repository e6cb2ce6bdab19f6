import { MseError } from '../../kernel/error.ts'
import type { Json } from '../../kernel/json.ts'
import type { Diagnostic } from './diagnostic.ts'
import { highestMatching } from './semver-req.ts'
import type { BlueprintCommit, BlueprintStore } from './store.ts'

/** Which Blueprint to run; `raw` is a document as sent. */
export type BlueprintReference =
	| { readonly kind: 'inline'; readonly raw: unknown }
	| { readonly kind: 'id'; readonly id: string; readonly version: VersionSelector }
	| { readonly kind: 'hash'; readonly hash: string }

export type VersionSelector =
	| { readonly kind: 'latest' }
	| { readonly kind: 'fixed'; readonly value: string }
	| { readonly kind: 'semver_req'; readonly req: string }

/** So many of the newest commits are looked at when a version is selected by its label. */
const LABELLED_COMMITS = 1024

/** The version a reference means. */
export interface FoundVersion {
	readonly hash: string
	/** The commit it was found by; null when it was asked for by hash alone. */
	readonly commit: BlueprintCommit | null
}

type StoredReference = Exclude<BlueprintReference, { kind: 'inline' }>

/**
 * The stored version a reference means; its document is not read. Refuses with `malformed` and one of
 * `store_not_configured`, `blueprint_not_found`, `version_not_found`, `no_matching_version`, `invalid_version_label`,
 * `invalid_semver_req`; with `conflict` and `blueprint_archived` when the head of an archived one is asked for.
 */
export async function findVersion(store: BlueprintStore | undefined, reference: StoredReference): Promise<FoundVersion> {
	const configured = requireStore(store)
	if (reference.kind === 'hash') return { hash: reference.hash, commit: null }
	const commit = await select(configured, reference.id, reference.version)
	return { hash: commit.hash, commit }
}

/** The document of a version, as sent. Refuses with `store_not_configured` or `version_not_found`. */
export async function readDocument(store: BlueprintStore | undefined, hash: string): Promise<Json> {
	const document = await requireStore(store).readByHash(hash)
	if (document !== null) return document
	throw new MseError('malformed', `store: blueprint not found: version=${hash}`, { code: 'version_not_found' })
}

function requireStore(store: BlueprintStore | undefined): BlueprintStore {
	if (store) return store
	throw storeNotConfigured()
}

/** What a server without a Blueprint store answers to whatever needs one. */
export function storeNotConfigured(): MseError {
	return new MseError('malformed', 'store not configured (BlueprintRef::Id requires store)', {
		code: 'store_not_configured',
		hint: 'Send the Blueprint inline, or start the server with a Blueprint store.',
	})
}

async function select(store: BlueprintStore, id: string, selector: VersionSelector): Promise<BlueprintCommit> {
	switch (selector.kind) {
		case 'latest':
			return (await store.headCommit(id)) ?? refuseId(id)
		case 'fixed':
			return (await store.read(id, selector.value))?.commit ?? refuseVersion(store, id, selector.value)
		case 'semver_req': {
			const commits = await store.history(id, { limit: LABELLED_COMMITS })
			return commits.length === 0 ? refuseId(id) : highestMatching(commits, selector.req)
		}
	}
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
