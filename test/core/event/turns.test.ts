import { expect, test } from 'bun:test'
import { newTurns } from '../../../src/core/event/turns.ts'
import { eventually } from '../../support/eventually.ts'

function busy(ms: number): void {
	for (const until = performance.now() + ms; performance.now() < until; );
}

test('what is wanted is done at once', () => {
	let turns = 0
	newTurns(() => turns++).want()
	expect(turns).toBe(1)
})

test('after long work there is a rest as long, and what is wanted meanwhile is done once', async () => {
	const began: number[] = []
	const turns = newTurns(() => {
		began.push(performance.now())
		busy(15)
	})
	for (let n = 0; n < 10; n++) turns.want()
	expect(began).toHaveLength(1)
	await eventually(() => began.length === 2, { what: 'the second turn' })
	await Bun.sleep(0)
	const [first = 0, second = 0] = began
	expect(second - first).toBeGreaterThan(28)
	expect(began).toHaveLength(2)
})

test('what the work set off counts as work', async () => {
	const began: number[] = []
	const turns = newTurns(() => {
		began.push(performance.now())
		queueMicrotask(() => busy(15))
	})
	turns.want()
	await Bun.sleep(0)
	turns.want()
	await eventually(() => began.length === 2, { what: 'the second turn' })
	expect((began[1] ?? 0) - (began[0] ?? 0)).toBeGreaterThan(28)
})
