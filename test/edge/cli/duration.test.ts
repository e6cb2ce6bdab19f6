import { expect, test } from 'bun:test'
import { durationText } from '../../../src/edge/cli/duration.ts'

test.each([
	[0, '0 ms'],
	[999, '999 ms'],
	[1000, '1.0 s'],
	[59_990, '59.9 s'],
	[60_000, '1 min 0 s'],
	[3_599_999, '59 min 59 s'],
	[3_600_000, '1 h 0 min'],
	[90_000_000, '25 h 0 min'],
])('%d ms read as %s', (ms, text) => {
	expect(durationText(ms)).toBe(text)
})
