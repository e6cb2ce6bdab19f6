import { expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { requirementRows, requirements } from './manifest.ts'

const TESTS = join(import.meta.dir, '..')
/** Ids and how many of each family there are. */
const FAMILIES = { '01.C': 131, '04.': 92 }

test('ids are unique and well-formed', () => {
	expect(requirements.size).toBe(requirementRows.length)
	expect(requirementRows.map(({ id }) => id).filter((id) => !/^\d\d\.[A-Z]?[1-9]\d*$/.test(id))).toEqual([])
})

test('each family is complete', () => {
	for (const [prefix, count] of Object.entries(FAMILIES)) {
		const missing = Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`).filter((id) => !requirements.has(id))
		expect(missing).toEqual([])
		expect(requirementRows.filter(({ id }) => id.startsWith(prefix))).toHaveLength(count)
	}
})

test('every row says in one line what happens', () => {
	const poor = requirementRows.filter(({ behaviour, otherwise = 'fine' }) =>
		[behaviour, otherwise].some((text) => !/^[^\n]{10,200}$/.test(text) && text !== 'fine'),
	)
	expect(poor).toEqual([])
})

test('every id that a test cites is in the manifest', () => {
	const unknown = testFiles().flatMap((file) =>
		citedIn(file)
			.filter((id) => !requirements.has(id))
			.map((id) => `${file}: ${id}`),
	)
	expect(unknown).toEqual([])
})

function testFiles(): string[] {
	return readdirSync(TESTS, { recursive: true, encoding: 'utf8' }).filter(
		(name) => name.endsWith('.test.ts') || name.startsWith('contract/'),
	)
}

function citedIn(file: string): string[] {
	if (!file.endsWith('.ts')) return []
	const calls = readFileSync(join(TESTS, file), 'utf8').matchAll(/\bverifies\(([^)]*)\)/g)
	return [...calls].flatMap(([, args]) => [...(args ?? '').matchAll(/['"]([^'"]+)['"]/g)].map(([, id]) => id ?? ''))
}
