import { expect, test } from 'bun:test'
import type { Fact } from '../../../src/core/run/fact.ts'
import { Journal } from '../../../src/core/run/journal.ts'
import type { Run } from '../../../src/core/run/record.ts'
import { emptyJournal, type RunStore } from '../../../src/core/run/store.ts'

const fact = (lane: number): Fact => ({ kind: 'lane_decided', position: '/0', lane })
const lanesOf = (facts: readonly Fact[]): number[] => facts.flatMap((one) => (one.kind === 'lane_decided' ? [one.lane] : []))

/** A journal on a store that writes at the end of each turn, and what each write took. */
function world(fails = false) {
	const writes: number[][] = []
	const record: RunStore['record'] = async (_run, facts) => {
		await new Promise((resolve) => setImmediate(resolve))
		if (fails) throw new Error('the disk is full')
		writes.push(lanesOf(typeof facts === 'function' ? facts() : facts))
	}
	const faults: unknown[] = []
	const journal = new Journal({
		...{ store: { record } as RunStore, run: {} as Run, recorded: emptyJournal, ttlUsedMs: () => 0 },
		onFault: (error) => faults.push(error),
	})
	return { journal, writes, faults }
}

test('all facts of a turn are one write, however many promises lie between them', async () => {
	const { journal, writes } = world()
	journal.record(fact(1))
	for (let hop = 0; hop < 20; hop++) await Promise.resolve()
	journal.record(fact(2))
	await journal.flush()
	journal.record(fact(3))
	await journal.flush()
	expect(writes).toEqual([[1, 2], [3]])
})

test('a flush waits for what was recorded before it, and costs nothing where there is none', async () => {
	const { journal, writes } = world()
	await journal.flush()
	journal.record(fact(1))
	await journal.flush()
	await journal.flush()
	expect(writes).toEqual([[1]])
})

test('who waits for a write is told of it once, also when it fails', async () => {
	for (const fails of [false, true]) {
		const { journal, faults } = world(fails)
		let told = 0
		journal.whenWritten(() => told++)
		journal.record(fact(1))
		await journal.flush().catch(() => {})
		await Promise.resolve()
		expect([told, faults.length]).toEqual([1, fails ? 1 : 0])
	}
})
