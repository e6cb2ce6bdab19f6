import type { SessionId } from '../../kernel/id.ts'
import type { Role } from '../../protocol/session.ts'

/** An attach session. The secret that names it on the wire is not kept, only its SHA-256. */
export interface AttachSession {
	readonly digest: string
	readonly publicId: SessionId
	readonly agentId: string
	readonly role: Role
	/** The operator session it is tied to. */
	readonly operatorSid: SessionId | null
	/** Unix seconds. */
	readonly issuedAt: number
	readonly expireAt: number
}

/** Each method is one transaction. */
export interface AttachSessionStore {
	add(session: AttachSession): Promise<void>
	byDigest(digest: string): Promise<AttachSession | null>
	byPublicId(publicId: SessionId): Promise<AttachSession | null>
	/** Those that have not ended by that unix second, newest first. */
	live(now: number, limit: number): Promise<readonly AttachSession[]>
	/** False when there was none. */
	remove(digest: string): Promise<boolean>
	/** Forgets sessions of expiring roles that ended before that unix second. */
	removeExpired(before: number): Promise<number>
}
