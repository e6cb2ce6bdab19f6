import { describe, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256Hex } from '../../../src/kernel/hash.ts'
import { INLINE_BYTES, openBlobs } from '../../../src/store/sqlite/blob.ts'

function tempDir(): { path: string } & Disposable {
	const path = mkdtempSync(join(tmpdir(), 'mse-blob-'))
	return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

const filesUnder = (dir: string): string[] =>
	readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => statSync(join(dir, name)).isFile())
const large = { text: 'ü'.repeat(INLINE_BYTES / 2) }

describe('values in JSON columns', () => {
	test('a value up to 256 KiB stays in the column', () => {
		using dir = tempDir()
		const blobs = openBlobs(join(dir.path, 'blob'))
		const edge = 'x'.repeat(INLINE_BYTES - 2)
		expect(blobs.pack(edge)).toBe(JSON.stringify(edge))
		expect(readdirSync(dir.path)).toEqual([])
		for (const value of [null, 0, 'a', [1, { b: null }], edge]) expect(blobs.unpack(blobs.pack(value))).toEqual(value)
	})

	test('a larger value goes to a file named by the hash of its JSON, counted in bytes', () => {
		using dir = tempDir()
		const root = join(dir.path, 'blob')
		const text = openBlobs(root).pack(large)
		const hash = sha256Hex(JSON.stringify(large))
		expect(text).toBe(JSON.stringify({ $blob: hash }))
		expect(filesUnder(root)).toEqual([join(hash.slice(0, 2), hash)])
		expect(readFileSync(join(root, hash.slice(0, 2), hash), 'utf8')).toBe(JSON.stringify(large))
		expect(openBlobs(root).unpack(text)).toEqual(large)
	})

	test('equal large values share one file', () => {
		using dir = tempDir()
		const blobs = openBlobs(dir.path)
		expect(blobs.pack(large)).toBe(blobs.pack({ ...large }))
		expect(filesUnder(dir.path)).toHaveLength(1)
	})

	test('a value that looks like a reference comes back as it was', () => {
		using dir = tempDir()
		const blobs = openBlobs(dir.path)
		const lookalikes = [
			{ $blob: 'x' },
			{ $inline: 1 },
			{ $inline: { $blob: 'y' } },
			{ $blob: 'x', more: 1 },
			{ $blob: 'z'.repeat(INLINE_BYTES) },
		]
		for (const value of lookalikes) expect(blobs.unpack(blobs.pack(value))).toEqual(value)
	})

	test('without a folder everything stays inline', () => {
		const blobs = openBlobs(undefined)
		expect(blobs.pack(large)).toBe(JSON.stringify(large))
	})

	test('a reference without its file names the hash', () => {
		using dir = tempDir()
		const reference = JSON.stringify({ $blob: 'ab'.repeat(32) })
		expect(() => openBlobs(dir.path).unpack(reference)).toThrow('ab'.repeat(32))
	})

	test('a file that is not what its name says is damage, and never a value', () => {
		using dir = tempDir()
		const blobs = openBlobs(dir.path)
		const reference = blobs.pack(large)
		const [file = ''] = filesUnder(dir.path)
		for (const text of [JSON.stringify('another'), JSON.stringify(large).slice(0, -1), '']) {
			writeFileSync(join(dir.path, file), text)
			expect(() => blobs.unpack(reference)).toThrow(expect.objectContaining({ code: 'storage_damaged' }))
		}
	})
})
