import { expect, test } from 'bun:test'
import { citations } from './citation.ts'
import { requirementRows, requirements } from './manifest.ts'

const cited = new Set(citations().map(({ id }) => id))

test('every requirement is proved by a test that cites it, or says what is done instead', () => {
	const open = requirementRows.filter(({ id, otherwise }) => otherwise === undefined && !cited.has(id))
	expect(open.map(({ id, behaviour }) => `${id}: ${behaviour}`)).toEqual([])
})

test('every id that a test cites is in the manifest', () => {
	expect(citations().filter(({ id }) => !requirements.has(id))).toEqual([])
})
