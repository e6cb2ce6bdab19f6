import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { newDeadlines } from '../../src/kernel/deadlines.ts'
import { fakeClock } from '../support/fake-clock.ts'

test('each deadline is called once, in order, on one timer', async () => {
	const times = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 200 })
	await fc.assert(
		fc.asyncProperty(times, fc.infiniteStream(fc.boolean()), async (delays, isCancelled) => {
			const clock = fakeClock(0)
			const deadlines = newDeadlines(clock)
			const called: number[] = []
			const kept: number[] = []
			for (const at of delays) {
				const cancel = deadlines.at(at, () => called.push(at))
				if (isCancelled.next().value) cancel()
				else kept.push(at)
				expect(clock.pending).toBeLessThanOrEqual(1)
			}
			await clock.advance(1001)
			expect(called).toEqual(kept.sort((a, b) => a - b))
			expect(clock.pending).toBe(0)
		}),
		{ numRuns: 60 },
	)
})

test('a deadline that has passed is called soon, one that is set while others are called in its time', async () => {
	const clock = fakeClock(1000)
	const deadlines = newDeadlines(clock)
	const called: string[] = []
	deadlines.at(500, () => {
		called.push('passed')
		deadlines.at(1200, () => called.push('later'))
	})
	expect(called).toEqual([])
	await clock.advance(0)
	expect(called).toEqual(['passed'])
	await clock.advance(200)
	expect(called).toEqual(['passed', 'later'])
})

test('one that is cancelled by another of the same instant is not called', async () => {
	const clock = fakeClock(0)
	const deadlines = newDeadlines(clock)
	const called: string[] = []
	const cancels: (() => void)[] = []
	for (const name of ['a', 'b', 'c'])
		cancels.push(
			deadlines.at(10, () => {
				called.push(name)
				for (const cancel of cancels) cancel()
			}),
		)
	await clock.advance(50)
	expect(called).toHaveLength(1)
})

test('nothing is called after the stop', async () => {
	const clock = fakeClock(0)
	const deadlines = newDeadlines(clock)
	deadlines.at(10, () => expect.unreachable())
	deadlines.stop()
	await clock.advance(20)
	expect(clock.pending).toBe(0)
})
