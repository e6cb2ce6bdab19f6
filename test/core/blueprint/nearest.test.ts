import { describe, expect, test } from 'bun:test'
import { nearest } from '../../../src/core/blueprint/nearest.ts'

describe('nearest', () => {
	const words = ['step', 'seq', 'branch', 'fanout', 'loop']

	test('a slip of one or two letters is recognised', () => {
		expect(nearest('stpe', words)).toBe('step')
		expect(nearest('Fan_out', words)).toBe('fanout')
		expect(nearest('brnch', words)).toBe('branch')
	})

	test('a word unlike all of them has none', () => {
		expect(nearest('parallel', words)).toBeUndefined()
		expect(nearest('', words)).toBeUndefined()
		expect(nearest('x'.repeat(100_000), words)).toBeUndefined()
	})

	test('of two as near the earlier is taken', () => expect(nearest('seb', ['set', 'seq'])).toBe('set'))
})
