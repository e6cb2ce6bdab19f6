import type { AttachSession, AttachSessionStore } from '../../core/access/attach-store.ts'
import { asSessionId } from '../../kernel/id.ts'
import type { Role } from '../../protocol/session.ts'
import type { SqliteDatabase } from './database.ts'

interface AttachRow {
	/** SHA-256 of the secret. */
	readonly session_id: string
	readonly public_id: string
	readonly agent_id: string
	readonly role: string
	readonly issued_at: number
	readonly expire_at: number
}

export class SqliteAttachSessionStore implements AttachSessionStore {
	readonly #db: SqliteDatabase

	constructor(db: SqliteDatabase) {
		this.#db = db
	}

	add({ digest, publicId, agentId, role, issuedAt, expireAt }: AttachSession): Promise<void> {
		return this.#db.write(() => {
			this.#db
				.query('INSERT INTO attach_session (session_id, public_id, agent_id, role, issued_at, expire_at) VALUES (?, ?, ?, ?, ?, ?)')
				.run(digest, publicId, agentId, role, issuedAt, expireAt)
		})
	}

	async byDigest(digest: string): Promise<AttachSession | null> {
		const row = this.#db.query<AttachRow>('SELECT * FROM attach_session WHERE session_id = ?').get(digest)
		return (
			row && {
				digest: row.session_id,
				publicId: asSessionId(row.public_id),
				agentId: row.agent_id,
				role: row.role as Role,
				issuedAt: row.issued_at,
				expireAt: row.expire_at,
			}
		)
	}

	remove(digest: string): Promise<boolean> {
		return this.#db.write(() => this.#db.query('DELETE FROM attach_session WHERE session_id = ?').run(digest).changes > 0)
	}

	removeExpired(before: number): Promise<number> {
		const sql = "DELETE FROM attach_session WHERE role <> 'operator' AND expire_at < ?"
		return this.#db.write(() => this.#db.query(sql).run(before).changes)
	}
}
