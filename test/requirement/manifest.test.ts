import { expect, test } from 'bun:test'
import { requirementRows, requirements } from './manifest.ts'

/** Ids and how many of each family there are. */
const FAMILIES = { '01.C': 131, '04.': 92, '05.M': 18, '05.S': 13, '05.T': 15, '07.A': 99, '07.B': 41, '08.': 79 }

test('ids are unique and well-formed', () => {
	expect(requirements.size).toBe(requirementRows.length)
	expect(requirementRows.map(({ id }) => id).filter((id) => !/^\d\d\.([A-Z]?[1-9]\d*|[A-Z][A-Za-z]+\.[a-z_]+)$/.test(id))).toEqual([])
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
