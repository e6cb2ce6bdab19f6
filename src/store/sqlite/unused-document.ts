import type { SqliteDatabase } from './database.ts'

const ROWS_A_PAGE = 500

/**
 * Drops documents of inline Blueprints that no run, task or commit names any more, at most `limit`; resolves with how many went.
 * What is named is read page by page, and what came meanwhile is looked at in the transaction of the deletion itself.
 */
export async function dropUnusedDocuments(db: SqliteDatabase, limit: number): Promise<number> {
	const { used, upTo } = await namedByRuns(db)
	return db.write(() => {
		for (const { hash } of runsAfter(db, upTo, -1)) used.add(hash)
		const inTasks = `SELECT json_extract(blueprint_ref, '$.hash') FROM task WHERE json_extract(blueprint_ref, '$.hash') IS NOT NULL`
		const unused = db
			.query<{ hash: string }>(
				`SELECT hash FROM blueprint_document WHERE hash NOT IN (SELECT hash FROM blueprint_commit) AND hash NOT IN (${inTasks})`,
			)
			.all()
			.filter(({ hash }) => !used.has(hash))
			.slice(0, limit)
		for (const { hash } of unused) db.query('DELETE FROM blueprint_document WHERE hash = ?').run(hash)
		return unused.length
	})
}

async function namedByRuns(db: SqliteDatabase): Promise<{ used: Set<string>; upTo: number }> {
	const used = new Set<string>()
	for (let upTo = 0; ; ) {
		const page = runsAfter(db, upTo, ROWS_A_PAGE)
		for (const { hash } of page) used.add(hash)
		upTo = page.at(-1)?.seq ?? upTo
		if (page.length < ROWS_A_PAGE) return { used, upTo }
		await new Promise((resolve) => setImmediate(resolve))
	}
}

const runsAfter = (db: SqliteDatabase, seq: number, limit: number) =>
	db.query<{ seq: number; hash: string }>('SELECT seq, blueprint_hash AS hash FROM run WHERE seq > ? ORDER BY seq LIMIT ?').all(seq, limit)
