import { expect, test } from 'bun:test'
import { normaliseStats, readStats } from '../../../src/core/output/worker-stats.ts'
import { verifies } from '../../support/verifies.ts'

test('the total is derived from its parts, a larger reported one is kept, an empty usage means none', () => {
	expect(normaliseStats({ usage: { input_tokens: 3, output_tokens: 4 } }).usage?.total_tokens).toBe(7)
	expect(normaliseStats({ usage: { input_tokens: 3, total_tokens: 9 } }).usage).toEqual({ input_tokens: 3, total_tokens: 9 })
	expect(normaliseStats({ usage: {} })).toEqual({ usage: { total_tokens: 0 } })
	expect(normaliseStats({ model: null, usage: null })).toEqual({})
})

test('stats that came along are read when they can be and dropped otherwise', () => {
	verifies('01.C69')
	expect(readStats({ usage: { total_tokens: 5 } })).toEqual({ usage: { total_tokens: 5 } })
	for (const value of [null, 'x', [], {}, { usage: 'lots' }, { num_turns: -1 }]) expect(readStats(value)).toBeUndefined()
	expect(readStats({ model: 'm', adapter_data: 'x'.repeat(9000) })).toEqual({ model: 'm' })
})
