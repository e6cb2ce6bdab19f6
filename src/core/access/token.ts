import { Value } from '@sinclair/typebox/value'
import { MseError } from '../../kernel/error.ts'
import { equalInConstantTime, hmacSha256Hex } from '../../kernel/hash.ts'
import { parseJson } from '../../kernel/json.ts'
import { type CapToken, CapTokenSchema, type Role } from '../../protocol/session.ts'

export type UnsignedToken = Omit<CapToken, 'sig_hex'>

/** The token with its signature: HMAC-SHA256 over the values, so the order of JSON keys does not matter (mlua-swarm 0.1.0). */
export function signToken(secret: Uint8Array, token: UnsignedToken): CapToken {
	return { ...token, sig_hex: hmacSha256Hex(secret, signatureInput(token)) }
}

export function hasValidSignature(secret: Uint8Array, token: CapToken): boolean {
	return equalInConstantTime(hmacSha256Hex(secret, signatureInput(token)), token.sig_hex)
}

/** Expired from the very second it names. */
export function isExpired(token: UnsignedToken, nowMs: number): boolean {
	return Math.floor(nowMs / 1000) >= token.expire_at
}

/** base64url without padding of compact JSON, members in the upstream's order. */
export function encodeToken(token: CapToken): string {
	const { agent_id, role, scopes, issued_at, expire_at, max_uses, nonce, sig_hex } = token
	return Buffer.from(JSON.stringify({ agent_id, role, scopes, issued_at, expire_at, max_uses, nonce, sig_hex })).toString('base64url')
}

/**
 * Reads a token without verifying it. Throws `unauthenticated` with code `token_not_base64` (padding and the `+/` alphabet
 * included) or `token_not_json`.
 */
export function decodeToken(text: string): CapToken {
	const bytes = Buffer.from(text, 'base64url')
	if (text === '' || bytes.toString('base64url') !== text)
		throw new MseError('unauthenticated', 'base64 decode failed: not base64url without padding', { code: 'token_not_base64' })
	const value = parseJson(bytes.toString('utf8'))
	if (!Value.Check(CapTokenSchema, value))
		throw new MseError('unauthenticated', `json parse failed: ${firstFault(value)}`, { code: 'token_not_json' })
	const { agent_id, role, scopes, issued_at, expire_at, max_uses = null, nonce, sig_hex } = value
	return { agent_id, role, scopes, issued_at, expire_at, max_uses, nonce, sig_hex }
}

/** The name a role has in signatures and in sentences. */
export function roleName(role: Role): string {
	return role.charAt(0).toUpperCase() + role.slice(1)
}

function signatureInput(token: UnsignedToken): string {
	const uses = token.max_uses === null ? 'None' : `Some(${token.max_uses})`
	return [token.agent_id, roleName(token.role), token.scopes.join(','), token.issued_at, token.expire_at, uses, token.nonce].join('|')
}

function firstFault(value: unknown): string {
	const fault = Value.Errors(CapTokenSchema, value).First()
	if (value === undefined || !fault) return 'not JSON'
	return `${fault.path === '' ? 'the token' : fault.path.slice(1)}: ${fault.message}`
}
