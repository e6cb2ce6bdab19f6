import type { Clock } from '../../kernel/clock.ts'
import { MseError } from '../../kernel/error.ts'
import { randomHex, sha256Hex } from '../../kernel/hash.ts'
import { asSessionId, newSessionId, type SessionId } from '../../kernel/id.ts'
import { type AttachSessionView, type Role, roles, type SessionAttachReq, type SessionAttachResp } from '../../protocol/session.ts'
import type { AttachSession, AttachSessionStore } from './attach-store.ts'
import { bearerOf } from './bearer.ts'
import { requireVerb } from './gate.ts'

/**
 * Engine attach sessions of mlua-swarm 0.1.0: an operator's lasts until it is detached, the others end with their time. One
 * that is tied to an operator session ends with it, and ends it.
 */
export interface AttachSessions {
	/** Throws `malformed` for an unknown role. Each call is a new session. `own` is the operator session the caller proved to be its own. */
	attach(request: SessionAttachReq, own?: SessionId | null): Promise<SessionAttachResp>
	/** `authorization` holds the session's secret. Throws as spoken by the wire: 401, 403 for a role that may not, 404. */
	detach(authorization: string | undefined): Promise<void>
	/** Live ones, newest first. */
	list(limit: number): Promise<AttachSessionView[]>
	/** Ends any session by its public id; throws `not_found`. */
	end(publicId: string): Promise<void>
}

export interface AttachDeps {
	readonly store: AttachSessionStore
	readonly clock: Clock
	/** Ends an operator session, and with it the credentials of what it works on. */
	endOperator(sid: SessionId): Promise<unknown>
}

export function attachSessions(deps: AttachDeps): AttachSessions {
	const { store, clock } = deps
	return {
		async attach(request, own = null) {
			const role = parseRole(request.role)
			const secret = randomHex(16)
			const operatorSid = role === 'operator' && own === request.agent_id ? own : null
			const session = newSession(secret, role, request, operatorSid, Math.floor(clock.now() / 1000))
			await store.add(session)
			return { session_id: secret, public_id: session.publicId, role: request.role, ttl_enforced: isTtlEnforced(role) }
		},
		async detach(authorization) {
			const digest = sha256Hex(bearerOf(authorization))
			const session = await store.byDigest(digest)
			if (!session) throw new MseError('not_found', `session: fp=${digest}`, { code: 'unknown_session' })
			await endIfExpired(store, session, clock)
			requireVerb(session.role, 'detach_session')
			await end(deps, session)
		},
		async list(limit) {
			return (await store.live(Math.floor(clock.now() / 1000), limit)).map(toView)
		},
		async end(publicId) {
			const session = await store.byPublicId(asSessionId(publicId))
			if (!session) throw new MseError('not_found', `There is no attach session ${publicId}.`, { code: 'unknown_session' })
			await end(deps, session)
		},
	}
}

export const isTtlEnforced = (role: Role): boolean => role !== 'operator'

/** The end of an operator session takes its attach sessions along in one transaction; the second call is for one that was gone. */
async function end({ store, endOperator }: AttachDeps, { digest, operatorSid }: AttachSession): Promise<void> {
	if (operatorSid !== null) await endOperator(operatorSid)
	await store.remove(digest)
}

function parseRole(text: string): Role {
	const role = roles.find((known) => known === text.toLowerCase())
	if (!role) throw new MseError('malformed', `unknown role: ${text}`, { code: 'unknown_role', hint: `The roles are ${roles.join(', ')}.` })
	return role
}

function newSession(secret: string, role: Role, request: SessionAttachReq, operatorSid: SessionId | null, now: number): AttachSession {
	return {
		digest: sha256Hex(secret),
		publicId: newSessionId(),
		agentId: request.agent_id,
		role,
		operatorSid,
		issuedAt: now,
		expireAt: Math.min(now + request.ttl_secs, Number.MAX_SAFE_INTEGER),
	}
}

function toView({ publicId, agentId, role, operatorSid, issuedAt, expireAt }: AttachSession): AttachSessionView {
	return {
		public_id: publicId,
		agent_id: agentId,
		role,
		issued_at: issuedAt,
		expire_at: isTtlEnforced(role) ? expireAt : null,
		operator_sid: operatorSid,
	}
}

async function endIfExpired(store: AttachSessionStore, session: AttachSession, clock: Clock): Promise<void> {
	if (!isTtlEnforced(session.role) || clock.now() / 1000 < session.expireAt) return
	await store.remove(session.digest)
	throw new MseError('unauthenticated', `token expired: session ${session.publicId}`, { code: 'token_expired' })
}
