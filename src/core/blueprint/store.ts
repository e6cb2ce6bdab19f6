import type { Json } from '../../kernel/json.ts'
import type { Blueprint } from '../../protocol/blueprint.ts'

/** One version in the history of a Blueprint. `hash` is that of the document's normal form, so it may come up again. */
export interface BlueprintCommit {
	readonly id: string
	/** Grows within the history of an id; gaps are possible. */
	readonly seq: number
	readonly hash: string
	/** Hash of the head before; null for the first commit. */
	readonly parent: string | null
	readonly author: string
	readonly message: string
	/** `metadata.version_label` of the document, by which launches select. */
	readonly versionLabel: string | null
	/** Milliseconds since the epoch. */
	readonly at: number
}

export interface StoredBlueprint {
	readonly commit: BlueprintCommit
	/** As it was sent, after included files were put in place. */
	readonly document: Json
}

export interface NewCommit {
	readonly id: string
	readonly document: Json
	/** The same document, parsed. */
	readonly blueprint: Blueprint
	readonly author: string
	readonly message: string
	/** The head must be this hash (null: there must be none); absent means whatever it is. */
	readonly expectedHead?: string | null | undefined
}

export interface Committed {
	readonly commit: BlueprintCommit
	/** False when the head had this hash already, whatever was expected: then nothing was written, and `commit` is the head. */
	readonly created: boolean
}

export interface BlueprintEntry {
	readonly id: string
	readonly head: BlueprintCommit
	readonly archived: boolean
}

/**
 * The history of every Blueprint. Each method is one transaction, a promise of a write resolves after COMMIT, `null` means
 * absent, and what is returned is a copy.
 */
export interface BlueprintStore {
	/** Throws `conflict` (`blueprint_archived`, `head_moved`) or `malformed` (`invalid_blueprint_id`), with nothing written. */
	commit(change: NewCommit): Promise<Committed>
	/** Makes an earlier version the head again, as a new commit; null when the id never had that version. Throws like `commit`. */
	restore(id: string, hash: string, by: Pick<NewCommit, 'author' | 'message' | 'expectedHead'>): Promise<Committed | null>
	/** Throws `conflict` (`blueprint_archived`). */
	head(id: string): Promise<StoredBlueprint | null>
	/** As `head`, without reading the document. */
	headCommit(id: string): Promise<BlueprintCommit | null>
	/** The newest commit of this version, of an archived Blueprint too. */
	read(id: string, hash: string): Promise<StoredBlueprint | null>
	/** Newest first, of an archived Blueprint too; `before` is a `seq`. Empty for an unknown id. */
	history(id: string, page: { readonly limit: number; readonly before?: number | undefined }): Promise<readonly BlueprintCommit[]>
	/** Keeps a document that has no id in the store, and returns its hash. Doing it again changes nothing. */
	pin(document: Json, blueprint: Blueprint): Promise<string>
	/** The document of a version, committed or pinned. */
	readByHash(hash: string): Promise<Json | null>
	/** False when the id is unknown. Doing it again changes nothing. */
	archive(id: string): Promise<boolean>
	unarchive(id: string): Promise<boolean>
	/** Null when the id is unknown. */
	isArchived(id: string): Promise<boolean | null>
	/** All of them, archived ones too, by id. */
	list(): Promise<readonly BlueprintEntry[]>
}
