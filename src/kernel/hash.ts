import { randomBytes, timingSafeEqual } from 'node:crypto'

export function sha256Hex(data: string | Uint8Array): string {
	return Bun.CryptoHasher.hash('sha256', data, 'hex')
}

export function hmacSha256(secret: Uint8Array, text: string): Buffer {
	return new Bun.CryptoHasher('sha256', secret).update(text).digest()
}

export function hmacSha256Hex(secret: Uint8Array, text: string): string {
	return new Bun.CryptoHasher('sha256', secret).update(text).digest('hex')
}

export function randomHex(bytes: number): string {
	return randomBytes(bytes).toString('hex')
}

/** Equal, in a time that depends on the lengths only. */
export function equalInConstantTime(a: string, b: string): boolean {
	const left = Buffer.from(a)
	const right = Buffer.from(b)
	return left.length === right.length && timingSafeEqual(left, right)
}

/** A short fingerprint for telling texts apart; fast, and of no use against somebody who wants a collision. */
export function fingerprint(text: string): string {
	return Bun.hash.xxHash64(text).toString(16).padStart(16, '0')
}
