import { Database } from 'bun:sqlite'
import { describe, expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { runChaos } from '../../scripts/chaos-part/chaos.ts'
import { lostFacts } from '../../scripts/chaos-part/check.ts'
import { openClientJournal } from '../../scripts/chaos-part/journal.ts'
import { reportText } from '../../scripts/chaos-part/report.ts'
import { openStoreView } from '../../scripts/chaos-part/store-view.ts'

describe('25 kills under mixed load', () => {
	test('lose nothing that was acknowledged, repeat no completed step and leave no run stuck', async () => {
		const seed = Number(Bun.env.MSE_SEED ?? Math.floor(Math.random() * 2 ** 32))
		const report = await runChaos({ kills: 25, seed })
		expect(report.faults.flatMap(({ found }) => found).length === 0 ? '' : reportText(report)).toBe('')
		expect(report.facts.get('launch') ?? 0).toBeGreaterThan(25)
		expect(reportText(report)).toStartWith(`seed ${seed}\n25 kills in `)
	}, 180_000)
})

/** Each takes from the store what one kind of fact needs. */
const LOSSES = {
	launch: 'DELETE FROM run',
	ended: "UPDATE run SET result = '0'",
	cancel: "UPDATE run SET status = 'failed'",
	submit: "DELETE FROM output WHERE json_extract(event, '$.type') = 'final'",
	artifact: "UPDATE output SET event = json_set(event, '$.name', 'another')",
	data: "DELETE FROM output WHERE plane = 'data'",
	receipt: 'UPDATE request SET ended_at = NULL',
	join: 'DELETE FROM operator_session',
	commit: 'DELETE FROM blueprint_commit',
	approve: "UPDATE approval SET status = 'failed'",
}

test('the check of a history sees each kind of fact go missing', async () => {
	const folder = await eventfulChaos()
	try {
		const facts = openClientJournal(join(folder, 'journal')).read()
		const isSeen = (kind: string, sql: string): boolean => {
			using db = new Database(join(folder, 'data/mse.db'))
			db.run('PRAGMA foreign_keys=OFF')
			using store = openStoreView(join(folder, 'data'), db)
			db.run('BEGIN')
			db.run(sql)
			const lost = lostFacts(facts, [], store)
			db.run('ROLLBACK')
			return lost.some((sentence) => sentence.startsWith(`{"kind":"${kind}"`))
		}
		const kinds = new Set(facts.map(({ kind }) => kind))
		const unseen = Object.entries(LOSSES).filter(([kind, sql]) => kinds.has(kind as never) && !isSeen(kind, sql))
		expect([[...kinds].sort(), unseen]).toEqual([[...Object.keys(LOSSES), 'event'].sort() as never, []])
		using store = openStoreView(join(folder, 'data'))
		expect(lostFacts(facts, [], store).every((sentence) => sentence.startsWith('{"kind":"event"'))).toBe(true)
	} finally {
		rmSync(folder, { recursive: true, force: true })
	}
}, 180_000)

/** What is left of a chaos in which every kind of fact came about: on a slow machine the rarest want more lives of the server. */
async function eventfulChaos(): Promise<string> {
	for (const kills of [8, 16, 32, 64]) {
		const { kept, faults } = await runChaos({ kills, seed: 5, keep: true })
		const folder = String(kept)
		expect(faults.flatMap(({ found }) => found)).toEqual([])
		const kinds = new Set<string>(
			openClientJournal(join(folder, 'journal'))
				.read()
				.map(({ kind }) => kind),
		)
		if (Object.keys(LOSSES).every((kind) => kinds.has(kind))) return folder
		rmSync(folder, { recursive: true, force: true })
	}
	throw new Error('some kind of fact never came about')
}
