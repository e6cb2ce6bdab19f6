import { expect, test } from 'bun:test'
import { runProbes, shared, works } from '../../../src/core/doctor/probe.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import { MseError } from '../../../src/kernel/error.ts'
import { fakeClock } from '../../support/fake-clock.ts'

test('what a probe throws makes its capability broken, with the hint it knows', async () => {
	const refuse = () => {
		throw new MseError('forbidden', 'No.', { hint: 'Ask.' })
	}
	const probes = [
		{ name: 'a', prove: () => works('well') },
		{ name: 'b', prove: refuse },
		{ name: 'c', prove: () => Promise.reject(new Error('odd')) },
	]
	expect(await runProbes(probes, systemClock)).toEqual([
		{ name: 'a', status: 'ok', detail: 'well' },
		{ name: 'b', status: 'broken', detail: 'No.', hint: 'Ask.' },
		{ name: 'c', status: 'broken', detail: 'odd' },
	])
})

test('a probe that does not answer is broken after 15 s and holds up nobody else', async () => {
	const clock = fakeClock()
	const found = runProbes([{ name: 'a', prove: () => new Promise<never>(() => {}) }], clock)
	await clock.advance(15_000)
	expect(await found).toEqual([{ name: 'a', status: 'broken', detail: 'It did not answer within 15 s.' }])
	await runProbes([{ name: 'b', prove: () => works('') }], clock)
	expect(clock.pending).toBe(0)
})

test('who asks while an answer is on its way gets that one', async () => {
	let times = 0
	const ask = shared(async () => ++times)
	expect(await Promise.all([ask(), ask()])).toEqual([1, 1])
	expect(await ask()).toBe(2)
})
