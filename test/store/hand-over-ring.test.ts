import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { openHandOverRing } from '../../src/store/hand-over-ring.ts'
import { tempDir } from '../support/temp-dir.ts'

/** What a life leaves behind that notes these and then forgets those. */
function left(path: string, noted: readonly number[], forgotten: readonly number[] = []): readonly number[] {
	const ring = openHandOverRing(path)
	for (const id of noted) ring.note(id)
	for (const id of forgotten) ring.forget(id)
	ring[Symbol.dispose]()
	ring[Symbol.dispose]()
	using after = openHandOverRing(path)
	return [...(after.before ?? [])].filter((id) => id > 0).sort((a, b) => a - b)
}

test('a first life finds nothing, the next what was noted and not forgotten', () => {
	using dir = tempDir()
	const path = join(dir.path, 'ring')
	using first = openHandOverRing(path)
	expect(first.before).toBe(null)
	expect(left(path, [7, 8, 9], [8])).toEqual([7, 9])
	expect(left(path, [2 ** 40])).toEqual([9, 2 ** 40])
})

test('it keeps thousands of the newest, and its file does not grow', () => {
	using dir = tempDir()
	const path = join(dir.path, 'ring')
	const ids = Array.from({ length: 10_000 }, (_, n) => n + 1)
	const kept = left(path, ids)
	expect([kept.length, kept.at(0), kept.at(-1)]).toEqual([4096, 5905, 10_000])
	expect(Bun.file(path).size).toBe(4096 * 8)
})
