import { describe, expect, test } from 'bun:test'
import { FAULT_NAMES, noFault, plannedFault } from '../../src/kernel/fault.ts'

describe('a planned fault', () => {
	test('strikes once, when its point is reached for the n-th time', () => {
		const deaths: number[] = []
		let call = 0
		const fault = plannedFault('commit.told:3', () => deaths.push(call))
		for (call = 1; call <= 6; call++) {
			fault('commit.told')
			fault('commit.before_begin')
		}
		expect(deaths).toEqual([3])
	})

	test('without a count strikes at the first time', () => {
		let deaths = 0
		plannedFault('frame.after_send', () => deaths++)('frame.after_send')
		expect(deaths).toBe(1)
	})

	test('that nobody planned is nothing at all', () => {
		expect([plannedFault(undefined, () => {}), plannedFault('', () => {})]).toEqual([noFault, noFault])
	})

	test('has a name of its own, and a plan with another or with no number is refused', () => {
		expect(new Set(FAULT_NAMES).size).toBe(FAULT_NAMES.length)
		for (const plan of ['nowhere', 'commit.told:0', 'commit.told:x', 'commit.told:-1'])
			expect(() => plannedFault(plan, () => {})).toThrow('MSE_FAULT')
	})
})
