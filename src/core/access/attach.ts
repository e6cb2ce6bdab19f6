import type { Clock } from '../../kernel/clock.ts'
import { MseError } from '../../kernel/error.ts'
import { randomHex, sha256Hex } from '../../kernel/hash.ts'
import { newSessionId } from '../../kernel/id.ts'
import { type Role, roles, type SessionAttachReq, type SessionAttachResp } from '../../protocol/session.ts'
import type { AttachSession, AttachSessionStore } from './attach-store.ts'
import { bearerOf } from './bearer.ts'
import { requireVerb } from './gate.ts'

/** Engine attach sessions of mlua-swarm 0.1.0: an operator's lasts until it is detached, the others end with their time. */
export interface AttachSessions {
	/** Throws `malformed` for an unknown role. Each call is a new session. */
	attach(request: SessionAttachReq): Promise<SessionAttachResp>
	/** `authorization` holds the session's secret. Throws as spoken by the wire: 401, 403 for a role that may not, 404. */
	detach(authorization: string | undefined): Promise<void>
}

export function attachSessions({ store, clock }: { store: AttachSessionStore; clock: Clock }): AttachSessions {
	return {
		async attach(request) {
			const role = parseRole(request.role)
			const secret = randomHex(16)
			const session = newSession(secret, role, request, Math.floor(clock.now() / 1000))
			await store.add(session)
			return { session_id: secret, public_id: session.publicId, role: request.role, ttl_enforced: isTtlEnforced(role) }
		},
		async detach(authorization) {
			const digest = sha256Hex(bearerOf(authorization))
			const session = await store.byDigest(digest)
			if (!session) throw new MseError('not_found', `session: fp=${digest}`, { code: 'unknown_session' })
			await endIfExpired(store, session, clock)
			requireVerb(session.role, 'detach_session')
			await store.remove(digest)
		},
	}
}

export const isTtlEnforced = (role: Role): boolean => role !== 'operator'

function parseRole(text: string): Role {
	const role = roles.find((known) => known === text.toLowerCase())
	if (!role) throw new MseError('malformed', `unknown role: ${text}`, { code: 'unknown_role', hint: `The roles are ${roles.join(', ')}.` })
	return role
}

function newSession(secret: string, role: Role, request: SessionAttachReq, now: number): AttachSession {
	return {
		digest: sha256Hex(secret),
		publicId: newSessionId(),
		agentId: request.agent_id,
		role,
		issuedAt: now,
		expireAt: Math.min(now + request.ttl_secs, Number.MAX_SAFE_INTEGER),
	}
}

async function endIfExpired(store: AttachSessionStore, session: AttachSession, clock: Clock): Promise<void> {
	if (!isTtlEnforced(session.role) || clock.now() / 1000 < session.expireAt) return
	await store.remove(session.digest)
	throw new MseError('unauthenticated', `token expired: session ${session.publicId}`, { code: 'token_expired' })
}
