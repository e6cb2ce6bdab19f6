import { blueprintHash } from '../../core/blueprint/normal-form.ts'
import type { BlueprintCommit, BlueprintEntry, BlueprintStore, Committed, NewCommit, StoredBlueprint } from '../../core/blueprint/store.ts'
import { blueprintArchived, checkBlueprintId, checkHead } from '../../core/blueprint/store-rule.ts'
import type { Json } from '../../kernel/json.ts'
import type { Blueprint } from '../../protocol/blueprint.ts'
import type { SqliteDatabase } from './database.ts'
import { appendEvent } from './event/event-store.ts'
import { writeEffect } from './rider.ts'
import type { Values } from './value.ts'

interface CommitRow {
	readonly id: string
	readonly seq: number
	readonly hash: string
	readonly parent: string | null
	readonly author: string
	readonly message: string
	readonly version_label: string | null
	readonly at: number
}
type HeadRow = CommitRow & { readonly archived_at: number | null }
type By = Pick<NewCommit, 'author' | 'message' | 'expectedHead'>

const COMMIT = 'c.id, c.seq, c.hash, c.parent, c.author, c.message, c.version_label, c.at'
const HEADS = `SELECT ${COMMIT}, b.archived_at FROM blueprint b JOIN blueprint_commit c ON c.seq = b.head_seq`
/** By keys alone, which takes a third of the time: every launch by id asks for it. */
const HEAD = `SELECT ${COMMIT}, (SELECT archived_at FROM blueprint WHERE id = ?1) AS archived_at
	FROM blueprint_commit c WHERE c.seq = (SELECT head_seq FROM blueprint WHERE id = ?1)`

/** Histories of Blueprints; a document is kept once for each content, in the words in which it first came. */
export class SqliteBlueprintStore implements BlueprintStore {
	readonly #db: SqliteDatabase
	readonly #values: Values

	constructor(db: SqliteDatabase, values: Values) {
		this.#db = db
		this.#values = values
	}

	async commit(change: NewCommit): Promise<Committed> {
		return writeEffect(this.#db, this.committing(change), ({ created, commit }) => ({ version: commit.hash, created }))
	}

	/** What `commit` does, for other stores of this database to do inside a change of theirs. Throws for an id that no Blueprint may have. */
	committing({ id, document, blueprint, ...by }: NewCommit): () => Committed {
		checkBlueprintId(id)
		const hash = blueprintHash(blueprint)
		return () => {
			const head = this.#openHead(id)
			if (head?.hash === hash) return { commit: toCommit(head), created: false }
			this.#keep(hash, document)
			return this.#append(id, hash, blueprint.metadata.version_label ?? null, head, by)
		}
	}

	restore(id: string, hash: string, by: By): Promise<Committed | null> {
		return this.#db.write(() => {
			const earlier = this.#newest(id, hash)
			if (!earlier) return null
			const head = this.#openHead(id)
			if (head?.hash === hash) return { commit: toCommit(head), created: false }
			return this.#append(id, hash, earlier.version_label, head, by)
		})
	}

	async head(id: string): Promise<StoredBlueprint | null> {
		const head = this.#openHead(id)
		return head && this.#stored(head)
	}

	async headCommit(id: string): Promise<BlueprintCommit | null> {
		const head = this.#openHead(id)
		return head && toCommit(head)
	}

	async read(id: string, hash: string): Promise<StoredBlueprint | null> {
		const row = this.#newest(id, hash)
		return row && this.#stored(row)
	}

	async history(id: string, { limit, before }: { limit: number; before?: number | undefined }): Promise<readonly BlueprintCommit[]> {
		const sql = `SELECT ${COMMIT} FROM blueprint_commit c WHERE c.id = ? AND c.seq < ? ORDER BY c.seq DESC LIMIT ?`
		return this.#db
			.query<CommitRow>(sql)
			.all(id, before ?? Number.MAX_SAFE_INTEGER, limit)
			.map(toCommit)
	}

	async pin(document: Json, blueprint: Blueprint): Promise<string> {
		const hash = blueprintHash(blueprint)
		await this.#db.write(() => this.#keep(hash, document))
		return hash
	}

	async readByHash(hash: string): Promise<Json | null> {
		const row = this.#db.query<{ document: string }>('SELECT document FROM blueprint_document WHERE hash = ?').get(hash)
		return row && this.#values.unpack(row.document)
	}

	archive(id: string): Promise<boolean> {
		return this.#db.write(() => {
			const head = this.#head(id)
			if (!head || head.archived_at !== null) return head !== null
			this.#db.query('UPDATE blueprint SET archived_at = ? WHERE id = ?').run(this.#db.clock.now(), id)
			appendEvent(this.#db, { kind: 'blueprint.archived', data: { id } })
			return true
		})
	}

	unarchive(id: string): Promise<boolean> {
		return this.#db.write(() => {
			const head = this.#head(id)
			if (!head || head.archived_at === null) return head !== null
			this.#db.query('UPDATE blueprint SET archived_at = NULL WHERE id = ?').run(id)
			appendEvent(this.#db, { kind: 'blueprint.unarchived', data: { id } })
			return true
		})
	}

	async isArchived(id: string): Promise<boolean | null> {
		const head = this.#head(id)
		return head && head.archived_at !== null
	}

	async list(): Promise<readonly BlueprintEntry[]> {
		const rows = this.#db.query<HeadRow>(`${HEADS} ORDER BY b.id`).all()
		return rows.map((row) => ({ id: row.id, head: toCommit(row), archived: row.archived_at !== null }))
	}

	#head(id: string): HeadRow | null {
		return this.#db.query<HeadRow>(HEAD).get(id)
	}

	/** The head, unless it is archived. */
	#openHead(id: string): HeadRow | null {
		const head = this.#head(id)
		if (head && head.archived_at !== null) throw blueprintArchived(id)
		return head
	}

	#newest(id: string, hash: string): CommitRow | null {
		const sql = `SELECT ${COMMIT} FROM blueprint_commit c WHERE c.id = ? AND c.hash = ? ORDER BY c.seq DESC LIMIT 1`
		return this.#db.query<CommitRow>(sql).get(id, hash)
	}

	#stored(row: CommitRow): StoredBlueprint {
		const document = this.#db.query<{ document: string }>('SELECT document FROM blueprint_document WHERE hash = ?').get(row.hash)
		return { commit: toCommit(row), document: document ? this.#values.unpack(document.document) : null }
	}

	#keep(hash: string, document: Json): void {
		if (this.#db.query('SELECT 1 FROM blueprint_document WHERE hash = ?').get(hash)) return
		this.#db.query('INSERT INTO blueprint_document (hash, document) VALUES (?, ?)').run(hash, this.#values.pack(document))
	}

	#append(id: string, hash: string, versionLabel: string | null, head: CommitRow | null, by: By): Committed {
		checkHead(id, by.expectedHead, head?.hash ?? null)
		const at = this.#db.clock.now()
		const parent = head?.hash ?? null
		const { lastInsertRowid } = this.#db
			.query('INSERT INTO blueprint_commit (id, hash, parent, author, message, version_label, at) VALUES (?, ?, ?, ?, ?, ?, ?)')
			.run(id, hash, parent, by.author, by.message, versionLabel, at)
		const seq = Number(lastInsertRowid)
		this.#db
			.query('INSERT INTO blueprint (id, head_seq) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET head_seq = excluded.head_seq')
			.run(id, seq)
		appendEvent(this.#db, {
			kind: 'blueprint.committed',
			data: { id, hash, parent, author: by.author, message: by.message, version_label: versionLabel },
		})
		return { commit: { id, seq, hash, parent, author: by.author, message: by.message, versionLabel, at }, created: true }
	}
}

function toCommit({ id, seq, hash, parent, author, message, version_label, at }: CommitRow): BlueprintCommit {
	return { id, seq, hash, parent, author, message, versionLabel: version_label, at }
}
