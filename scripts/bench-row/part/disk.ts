import { Database } from 'bun:sqlite'
import { join } from 'node:path'
import { elapsed } from './round.ts'

/** SQLite alone, with the settings of the server's database and nothing around it. */
export interface BareDatabase extends Disposable {
	/** Milliseconds a commit of one small row takes, the mean of so many in a row. */
	commitMs(commits: number): Promise<number>
	/** Milliseconds for so many steps, each the two small rows nobody can do without, committed in batches. */
	stepsMs(steps: number, batch: number): Promise<number>
}

export function openBareDatabase(folder: string): BareDatabase {
	const db = openLikeTheServer(folder)
	db.run('CREATE TABLE fact (seq INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT')
	db.run('CREATE TABLE step (seq INTEGER PRIMARY KEY, value TEXT NOT NULL) STRICT')
	const fact = db.prepare('INSERT INTO fact (body) VALUES (?)')
	const step = db.prepare('INSERT INTO step (value) VALUES (?)')
	const commitBatch = db.transaction((size: number) => {
		for (let n = 0; n < size; n++) {
			step.run(`{"n":${n}}`)
			fact.run(`{"ref":"echo","status":"passed","n":${n}}`)
		}
	})
	return {
		commitMs: async (commits) => (await elapsed(() => repeatCommit(commits, () => fact.run('{"ref":"echo"}')))) / commits,
		stepsMs: (steps, batch) =>
			elapsed(() => {
				for (let done = 0; done < steps; done += batch) commitBatch(Math.min(batch, steps - done))
			}),
		[Symbol.dispose]: () => db.close(),
	}
}

export function openLikeTheServer(folder: string): Database {
	const db = new Database(join(folder, 'bare.db'), { create: true, strict: true })
	for (const pragma of ['journal_mode=WAL', 'synchronous=FULL', 'wal_autocheckpoint=4000']) db.run(`PRAGMA ${pragma}`)
	return db
}

function repeatCommit(times: number, commit: () => unknown): void {
	for (let n = 0; n < times; n++) commit()
}
