import type { Clock } from '../../kernel/clock.ts'
import { equalInConstantTime, randomHex, sha256Hex } from '../../kernel/hash.ts'
import { newSessionId } from '../../kernel/id.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { OperatorSession } from './store.ts'

/** A session that nobody used for so long, and that has no socket, is over. */
export const IDLE_HORIZON_MS = 24 * 3_600_000

/** What a client says when it joins; every part may be missing. */
export interface JoinRequest {
	readonly roles?: readonly string[] | null | undefined
	readonly desc?: string | null | undefined
	readonly capabilityManifest?: JsonObject | null | undefined
	readonly scope?: { readonly blueprints: readonly string[] } | null | undefined
}

/** A new session and its token (32 hex), which leaves the process once and is kept as its digest only. */
export function newSession(request: JoinRequest, clock: Clock, sid = newSessionId()): { session: OperatorSession; token: string } {
	const token = randomHex(16)
	const desc = request.desc?.trim() ?? ''
	const now = clock.now()
	return {
		token,
		session: {
			sid,
			tokenDigest: sha256Hex(token),
			roles: [...new Set(request.roles ?? [])],
			desc: desc === '' ? null : desc,
			capabilityManifest: request.capabilityManifest ?? null,
			scope: request.scope ?? null,
			joinedAt: now,
			lastAccessAt: now,
		},
	}
}

/** Whether the session takes work of that Blueprint; an inline one without an id is in nobody's scope. */
export function isInScope({ scope }: OperatorSession, blueprintId: string | null): boolean {
	return scope === null || (blueprintId !== null && scope.blueprints.includes(blueprintId))
}

export function hasToken(session: OperatorSession, token: string): boolean {
	return equalInConstantTime(session.tokenDigest, sha256Hex(token))
}
