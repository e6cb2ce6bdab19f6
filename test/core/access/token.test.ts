import { describe, expect, test } from 'bun:test'
import { decodeToken, encodeToken, hasValidSignature, isExpired, signToken, type UnsignedToken } from '../../../src/core/access/token.ts'
import { MseError } from '../../../src/kernel/error.ts'
import { verifies } from '../../support/verifies.ts'

const secret = new TextEncoder().encode('test-secret')
const worker: UnsignedToken = {
	agent_id: 'worker-of-T-0011223344556677',
	role: 'worker',
	scopes: ['*'],
	issued_at: 1_700_000_000,
	expire_at: 1_700_001_800,
	max_uses: null,
	nonce: '00112233445566778899aabbccddeeff',
}
const ENCODED =
	'eyJhZ2VudF9pZCI6Indvcmtlci1vZi1ULTAwMTEyMjMzNDQ1NTY2NzciLCJyb2xlIjoid29ya2VyIiwic2NvcGVzIjpbIioiXSwiaXNzdWVkX2F0IjoxNzAwMDAwMDAwLCJleHBpcmVfYXQiOjE3MDAwMDE4MDAsIm1heF91c2VzIjpudWxsLCJub25jZSI6IjAwMTEyMjMzNDQ1NTY2Nzc4ODk5YWFiYmNjZGRlZWZmIiwic2lnX2hleCI6IjQyMGQ1NTRmMTcwMWZkMGVhNGJkOGViNjE1MmE3MDJiN2Y1N2ExODEyNDljMGU3YmU4ZTUzNDEwNDEyMzY2M2IifQ'

const codeOf = (run: () => unknown): string | undefined => {
	try {
		run()
		return undefined
	} catch (error) {
		return error instanceof MseError ? error.code : 'other'
	}
}

describe('capability token', () => {
	test('signatures and the transport encoding equal those of other implementations, byte for byte', () => {
		const signed = signToken(secret, worker)
		expect(signed.sig_hex).toBe('420d554f1701fd0ea4bd8eb6152a702b7f57a181249c0e7be8e534104123663b')
		expect(encodeToken(signed)).toBe(ENCODED)
		const limited = signToken(secret, { ...worker, agent_id: 'op-1', role: 'operator', expire_at: 1_700_000_060, max_uses: 1 })
		expect(limited.sig_hex).toBe('3d5de0b2b93f858b8cf98bb4e9cc7e3eb98a3c5b953bb7c0dd6db22904a21d01')
	})

	test('a decoded token equals the encoded one and still verifies', () => {
		verifies('01.C1', '04.1')
		const decoded = decodeToken(ENCODED)
		expect(decoded).toEqual(signToken(secret, worker))
		expect(hasValidSignature(secret, decoded)).toBe(true)
	})

	test('the encoded form uses the URL alphabet without padding', () => {
		verifies('01.C2')
		const awkward = encodeToken(signToken(secret, { ...worker, agent_id: 'ÿ?>~ÿÿ' }))
		expect(awkward).toMatch(/^[A-Za-z0-9_-]+$/)
	})

	test('text that is not base64url and base64url that is no token fail with different codes', () => {
		verifies('01.C3', '04.2')
		for (const text of ['not base64!', `${ENCODED}=`, 'ab+/', '', 'A']) expect(codeOf(() => decodeToken(text))).toBe('token_not_base64')
		const { nonce: _, ...lacking } = signToken(secret, worker)
		for (const text of ['hello', JSON.stringify(lacking), '[]'])
			expect(codeOf(() => decodeToken(Buffer.from(text).toString('base64url')))).toBe('token_not_json')
	})

	test('unknown members are ignored, an absent max_uses means unlimited, and the order of keys is free', () => {
		const { max_uses: _, ...rest } = signToken(secret, worker)
		const reordered = { extra: 1, ...Object.fromEntries(Object.entries(rest).reverse()) }
		const decoded = decodeToken(Buffer.from(JSON.stringify(reordered)).toString('base64url'))
		expect(decoded).toEqual({ ...rest, max_uses: null })
		expect(hasValidSignature(secret, decoded)).toBe(true)
	})

	test('changing any member breaks the signature', () => {
		verifies('04.3')
		const signed = signToken(secret, worker)
		const changes = [
			{ agent_id: 'x' },
			{ role: 'operator' as const },
			{ scopes: ['*', 'a'] },
			{ issued_at: 1 },
			{ expire_at: 2_000_000_000 },
			{ max_uses: 1 },
			{ nonce: 'ff' },
			{ sig_hex: '00'.repeat(32) },
		]
		for (const change of changes) expect(hasValidSignature(secret, { ...signed, ...change })).toBe(false)
		expect(hasValidSignature(new TextEncoder().encode('other'), signed)).toBe(false)
	})

	test('a token expires in the second it names', () => {
		expect(isExpired(worker, 1_700_001_799_999)).toBe(false)
		expect(isExpired(worker, 1_700_001_800_000)).toBe(true)
	})
})
