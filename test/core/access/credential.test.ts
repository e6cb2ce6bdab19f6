import { describe, expect, test } from 'bun:test'
import { isHandle, mintCredentials } from '../../../src/core/access/credential.ts'
import { decodeToken, hasValidSignature } from '../../../src/core/access/token.ts'
import { sha256Hex } from '../../../src/kernel/hash.ts'
import { asStepId } from '../../../src/kernel/id.ts'
import { verifies } from '../../support/verifies.ts'

const secret = new TextEncoder().encode('test-secret')
const attempt = { stepId: asStepId('ST-0011223344556677'), n: 1, now: 1_700_000_000_500, ttlSecs: 1800 }

describe('credentials of an attempt', () => {
	test('the token is a signed worker token of the step that lives for the given time', () => {
		verifies('04.14')
		const { token, nonce } = mintCredentials(secret, attempt)
		const decoded = decodeToken(token)
		expect(hasValidSignature(secret, decoded)).toBe(true)
		expect(decoded).toMatchObject({
			agent_id: 'worker-of-ST-0011223344556677',
			role: 'worker',
			scopes: ['*'],
			issued_at: 1_700_000_000,
			expire_at: 1_700_001_800,
			max_uses: null,
			nonce,
		})
	})

	test('minting again gives the same handle and nonce with a fresh expiry', () => {
		verifies('04.13')
		const first = mintCredentials(secret, attempt)
		const later = mintCredentials(secret, { ...attempt, now: attempt.now + 3_600_000 })
		expect([later.handle, later.nonce, later.tokenFp, later.handleHash]).toEqual([
			first.handle,
			first.nonce,
			first.tokenFp,
			first.handleHash,
		])
		expect(decodeToken(later.token).expire_at).toBe(decodeToken(first.token).expire_at + 3600)
	})

	test('another attempt, step or secret has other credentials', () => {
		const all = [
			mintCredentials(secret, attempt),
			mintCredentials(secret, { ...attempt, n: 2 }),
			mintCredentials(secret, { ...attempt, stepId: asStepId('ST-x') }),
			mintCredentials(new Uint8Array(32), attempt),
		]
		expect(new Set(all.flatMap(({ handle, nonce }) => [handle, nonce])).size).toBe(8)
	})

	test('a handle is wh- and 16 hex digits, and what is kept are hashes', () => {
		const minted = mintCredentials(secret, attempt)
		expect(minted.handle).toMatch(/^wh-[0-9a-f]{16}$/)
		expect(minted.nonce).toMatch(/^[0-9a-f]{32}$/)
		expect(minted.tokenFp).toBe(sha256Hex(minted.nonce))
		expect(minted.handleHash).toBe(sha256Hex(minted.handle))
	})

	test('a bearer is a handle by its form alone', () => {
		for (const text of ['wh-ab', 'wh-0123abcd', `wh-${'A'.repeat(61)}`]) expect(isHandle(text)).toBe(true)
		for (const text of ['wh-a', 'wh-', 'wh-a_b', `wh-${'a'.repeat(62)}`, 'eyJh', 'WH-abcd']) expect(isHandle(text)).toBe(false)
	})
})
