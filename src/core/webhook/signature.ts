import { hmacSha256 } from '../../kernel/hash.ts'

/** The secret's bytes: what follows `whsec_` is base64, anything else is taken as it is. */
export function secretBytes(secret: string): Uint8Array {
	return secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret)
}

/**
 * The three headers of the Standard Webhooks specification, version 1: the id is the same in every attempt at one event, the
 * signature is over id, time and body. `at` in milliseconds.
 */
export function signedHeaders(secret: Uint8Array, message: { readonly id: string; readonly at: number; readonly body: string }) {
	const timestamp = String(Math.floor(message.at / 1000))
	const signature = hmacSha256(secret, `${message.id}.${timestamp}.${message.body}`).toString('base64')
	return { 'webhook-id': message.id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` }
}
