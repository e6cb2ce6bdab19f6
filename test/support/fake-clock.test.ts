import { expect, test } from 'bun:test'
import { sleep } from '../../src/kernel/clock.ts'
import { fakeClock } from './fake-clock.ts'

test('timers fire in the order they fall due, each at its own time', async () => {
	const clock = fakeClock(1000)
	const fired: [string, number][] = []
	clock.after(20, () => fired.push(['late', clock.now()]))
	clock.after(10, () => fired.push(['early', clock.now()]))
	clock.after(30, () => fired.push(['never', clock.now()]))
	await clock.advance(25)
	expect(fired).toEqual([
		['early', 1010],
		['late', 1020],
	])
	expect([clock.now(), clock.pending]).toEqual([1025, 1])
})

test('what a timer sets within the span is part of it', async () => {
	const clock = fakeClock(0)
	const rounds: number[] = []
	const loop = (async () => {
		for (let round = 0; round < 3; round++) {
			await sleep(clock, 10)
			rounds.push(clock.now())
		}
	})()
	await clock.advance(30)
	await loop
	expect(rounds).toEqual([10, 20, 30])
})

test('a cancelled timer does not fire', async () => {
	const clock = fakeClock()
	clock.after(10, () => expect.unreachable())()
	await clock.advance(20)
	expect(clock.pending).toBe(0)
})
