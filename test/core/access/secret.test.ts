import { expect, test } from 'bun:test'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tokenSecret } from '../../../src/core/access/secret.ts'
import { secretFile } from '../../../src/store/secret-file.ts'
import { tempDir } from '../../support/temp-dir.ts'

const hexOf = (secret: Uint8Array): string => Buffer.from(secret).toString('hex')

test('a configured secret is its hex as bytes, and nothing is kept', () => {
	using dir = tempDir()
	expect(hexOf(tokenSecret('746573742D736563726574', secretFile(dir.path)))).toBe('746573742d736563726574')
	expect(readdirSync(dir.path)).toEqual([])
})

test('a secret that is not hex is refused with what it has to be', () => {
	for (const text of ['', 'abc', 'zz', '0x12']) expect(() => tokenSecret(text, undefined)).toThrow('token_secret is not hex.')
})

test('without a configured one a secret is made once and found again, in a file for the owner alone', () => {
	using dir = tempDir()
	const folder = join(dir.path, 'new')
	const first = tokenSecret(undefined, secretFile(folder))
	expect(first).toHaveLength(32)
	expect(tokenSecret(undefined, secretFile(folder))).toEqual(first)
	expect(readdirSync(folder)).toEqual(['token-secret'])
	expect(statSync(join(folder, 'token-secret')).mode & 0o777).toBe(0o600)
})

test('whoever keeps a secret first decides it', () => {
	using dir = tempDir()
	const keeper = secretFile(dir.path)
	const first = 'ab'.repeat(32)
	expect([keeper.keep(first), keeper.keep('cd'.repeat(32))]).toEqual([`${first}\n`, `${first}\n`])
})

test('a kept secret that is damaged stops the start', () => {
	using dir = tempDir()
	writeFileSync(join(dir.path, 'token-secret'), 'not hex')
	expect(() => tokenSecret(undefined, secretFile(dir.path))).toThrow('kept in the data directory is not hex')
})

test('without a keeper each life has a secret of its own', () => {
	expect(tokenSecret(undefined, undefined)).not.toEqual(tokenSecret(undefined, undefined))
})
