import { hmacSha256Hex, sha256Hex } from '../../kernel/hash.ts'
import { asStepId, type StepId } from '../../kernel/id.ts'
import type { Credentials } from '../dispatch/backend.ts'
import { encodeToken, signToken } from './token.ts'

const WORKER_OF = 'worker-of-'

/** Credentials, and the fingerprints under which the store finds their attempt again. Only the fingerprints are kept. */
export interface MintedCredentials extends Credentials {
	readonly tokenFp: string
	readonly handleHash: string
}

/**
 * The credentials of one attempt. Nonce and handle are derived from the secret, so minting again, after a restart or
 * shortly before a parked frame goes out, gives the same handle and a token with a fresh expiry. `now` in milliseconds.
 */
export function mintCredentials(
	secret: Uint8Array,
	attempt: { readonly stepId: StepId; readonly n: number; readonly now: number; readonly ttlSecs: number },
): MintedCredentials {
	const nonce = derive(secret, 'worker-nonce', attempt).slice(0, 32)
	const handle = handleOf(secret, attempt)
	const issuedAt = Math.floor(attempt.now / 1000)
	const token = signToken(secret, {
		agent_id: `${WORKER_OF}${attempt.stepId}`,
		role: 'worker',
		scopes: ['*'],
		issued_at: issuedAt,
		expire_at: issuedAt + attempt.ttlSecs,
		max_uses: null,
		nonce,
	})
	return { token: encodeToken(token), nonce, handle, tokenFp: sha256Hex(nonce), handleHash: sha256Hex(handle) }
}

/** The step of the attempt that a token with this `agent_id` is for; null when it is no worker's. */
export function stepOf({ agent_id }: { readonly agent_id: string }): StepId | null {
	return agent_id.startsWith(WORKER_OF) ? asStepId(agent_id.slice(WORKER_OF.length)) : null
}

/** The one handle of an attempt under that secret. */
export function handleOf(secret: Uint8Array, attempt: { readonly stepId: StepId; readonly n: number }): string {
	return `wh-${derive(secret, 'worker-handle', attempt).slice(0, 16)}`
}

function derive(secret: Uint8Array, purpose: string, { stepId, n }: { stepId: StepId; n: number }): string {
	return hmacSha256Hex(secret, `${purpose}|${stepId}|${n}`)
}

/** Whether a bearer is read as a handle; anything else is read as a token (mlua-swarm 0.1.0). Expects trimmed text. */
export function isHandle(bearer: string): boolean {
	return bearer.length >= 5 && bearer.length <= 64 && /^wh-[0-9A-Za-z]+$/.test(bearer)
}
