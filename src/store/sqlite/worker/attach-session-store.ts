import type { AttachSession, AttachSessionStore } from '../../../core/access/attach-store.ts'
import { asSessionId, type SessionId } from '../../../kernel/id.ts'
import type { Role } from '../../../protocol/session.ts'
import type { SqliteDatabase } from '../database.ts'

interface AttachRow {
	/** SHA-256 of the secret. */
	readonly session_id: string
	readonly public_id: string
	readonly agent_id: string
	readonly role: string
	readonly operator_sid: string | null
	readonly issued_at: number
	readonly expire_at: number
}

export class SqliteAttachSessionStore implements AttachSessionStore {
	readonly #db: SqliteDatabase

	constructor(db: SqliteDatabase) {
		this.#db = db
	}

	add({ digest, publicId, agentId, role, operatorSid, issuedAt, expireAt }: AttachSession): Promise<void> {
		return this.#db.write(() => {
			this.#db
				.query(
					'INSERT INTO attach_session (session_id, public_id, agent_id, role, operator_sid, issued_at, expire_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
				)
				.run(digest, publicId, agentId, role, operatorSid, issuedAt, expireAt)
		})
	}

	async byDigest(digest: string): Promise<AttachSession | null> {
		const row = this.#db.query<AttachRow>('SELECT * FROM attach_session WHERE session_id = ?').get(digest)
		return row && toSession(row)
	}

	async byPublicId(publicId: SessionId): Promise<AttachSession | null> {
		const row = this.#db.query<AttachRow>('SELECT * FROM attach_session WHERE public_id = ?').get(publicId)
		return row && toSession(row)
	}

	async live(now: number, limit: number): Promise<readonly AttachSession[]> {
		const sql = "SELECT * FROM attach_session WHERE role = 'operator' OR expire_at > ? ORDER BY rowid DESC LIMIT ?"
		return this.#db.query<AttachRow>(sql).all(now, limit).map(toSession)
	}

	remove(digest: string): Promise<boolean> {
		return this.#db.write(() => this.#db.query('DELETE FROM attach_session WHERE session_id = ?').run(digest).changes > 0)
	}

	removeExpired(before: number): Promise<number> {
		const sql = "DELETE FROM attach_session WHERE role <> 'operator' AND expire_at < ?"
		return this.#db.write(() => this.#db.query(sql).run(before).changes)
	}
}

function toSession(row: AttachRow): AttachSession {
	return {
		digest: row.session_id,
		publicId: asSessionId(row.public_id),
		agentId: row.agent_id,
		role: row.role as Role,
		operatorSid: row.operator_sid === null ? null : asSessionId(row.operator_sid),
		issuedAt: row.issued_at,
		expireAt: row.expire_at,
	}
}
