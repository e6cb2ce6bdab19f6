import { expect, test } from 'bun:test'
import { asRunId, asSessionId, asTaskId, type RunId } from '../../../../src/kernel/id.ts'
import { appendEvent, SqliteEventStore } from '../../../../src/store/sqlite/event/event-store.ts'
import { SqliteRunStore } from '../../../../src/store/sqlite/run/run-store.ts'
import { storedRun, testDatabase } from '../support.ts'

const OTHER = asRunId('R-other')

/** A log in which every fourth fact is about one run and its operator, and the rest about another run; most of it entered under its subjects. */
async function longLog() {
	const world = testDatabase('memory')
	const { db, values } = world
	const run = await storedRun(world)
	const mine: number[] = []
	const append = (runId: RunId, operator?: string): number =>
		appendEvent(db, {
			kind: 'step.completed',
			runId,
			taskId: asTaskId('T'),
			...(operator !== undefined && { operator: asSessionId(operator) }),
		})
	await db.write(() => {
		for (let n = 0; n < 9000; n++) {
			const seq = n % 4 === 0 ? append(run.id, 'S-mine') : append(OTHER)
			if (n % 4 === 0) mine.push(seq)
		}
	})
	const rows = (table: string): number => db.query<{ n: number }>(`SELECT count(*) AS n FROM ${table}`).get()?.n ?? 0
	return { world, run, mine, rows, events: new SqliteEventStore(db), runs: new SqliteRunStore(db, values) }
}

test('facts about one run, operator or task are found in pages, in order, whether or not they were entered under it yet', async () => {
	const { world, run, mine, rows, events } = await longLog()
	using _ = world
	expect(rows('event_place')).toBeGreaterThan(5000)
	expect(rows('event_place')).toBeLessThan(rows('event') + mine.length)
	for (const filter of [{ run: run.id }, { operator: 'S-mine' }, { run: run.id, operator: 'S-mine' }, { task: run.taskId }]) {
		const found: number[] = []
		for (let after = 0; ; after = found.at(-1) ?? 0) {
			const page = await events.read(after, { ...filter, kinds: ['step.'] }, 700)
			found.push(...page.map(({ seq }) => seq))
			if (page.length < 700) break
		}
		expect(found).toEqual(mine)
	}
	expect(await events.read(0, { run: run.id, kinds: ['run.'] }, 10)).toEqual([])
	expect(await events.read(0, { run: OTHER, operator: 'S-mine' }, 10)).toEqual([])
})

test('with a run all facts about it go, those that were not entered under it too, and nothing stays behind where they were', async () => {
	const { world, run, mine, rows, runs, events } = await longLog()
	using _ = world
	const all = rows('event')
	await runs.deleteRun(run.id)
	expect(rows('event')).toBe(all - mine.length)
	expect(rows('event_place')).toBe(all - mine.length)
	expect(await events.read(0, { operator: 'S-mine' }, 10)).toEqual([])
})
