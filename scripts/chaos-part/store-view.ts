import { Database } from 'bun:sqlite'
import { join } from 'node:path'
import type { Json } from '../../src/kernel/json.ts'
import { openBlobs } from '../../src/store/sqlite/blob.ts'
import { BY_REQUEST_ID } from '../../src/store/sqlite/operator/request-key.ts'

interface RunRow {
	readonly task_id: string
	readonly status: string
	readonly result: string | null
}

/** An event of an attempt's tail, as far as the check looks at it. */
interface OutputEvent {
	readonly type: string
	readonly name?: string
	readonly content?: { readonly value?: unknown }
}

export type StoreView = ReturnType<typeof openStoreView>

/** Reads the store of a server that has stopped, past all code of the server but the one that finds large values. */
export function openStoreView(dataDir: string, db: Database = new Database(join(dataDir, 'mse.db'))) {
	const values = openBlobs(join(dataDir, 'blob'))
	const exists = (sql: string, ...params: string[]): boolean => db.query(sql).get(...params) !== null
	const outputs = (sql: string, ...params: (string | number)[]): readonly OutputEvent[] =>
		db
			.query<{ event: string }, (string | number)[]>(sql)
			.all(...params)
			.map(({ event }) => values.unpack(event) as unknown as OutputEvent)
	return {
		run(id: string) {
			const row = db.query<RunRow, [string]>('SELECT task_id, status, result FROM run WHERE id = ?').get(id)
			return row && { ...row, result: row.result === null ? null : (values.unpack(row.result) as Json) }
		},
		runCount: () => db.query<{ n: number }, []>('SELECT count(*) AS n FROM run').get()?.n ?? 0,
		/** Runs that have not come to an end, each with what it is. */
		unfinished: () =>
			db
				.query<{ id: string; status: string }, []>("SELECT id, status FROM run WHERE status NOT IN ('done', 'failed', 'cancelled')")
				.all()
				.map(({ id, status }) => `${id} is ${status}`),
		tail: (step: string, attempt: number) =>
			outputs("SELECT event FROM output WHERE plane = 'tail' AND step_id = ? AND attempt = ?", step, attempt),
		data: (id: string) => outputs("SELECT event FROM output WHERE plane = 'data' AND id = ?", id)[0] ?? null,
		hasEnded: (request: string) => exists(`SELECT 1 FROM request WHERE ${BY_REQUEST_ID} AND ended_at IS NOT NULL`, request),
		hasSession: (sid: string) => exists('SELECT 1 FROM operator_session WHERE sid = ?', sid),
		approvalStatus: (id: number) =>
			db.query<{ status: string }, [number]>('SELECT status FROM approval WHERE id = ?').get(id)?.status ?? null,
		/** How many attempts at a step brought something. */
		finished: (step: string) =>
			db.query<{ n: number }, [string]>("SELECT count(*) AS n FROM attempt WHERE step_id = ? AND status = 'finished'").get(step)?.n ?? 0,
		/** Questions that wait although nothing does. */
		waiting: () =>
			db
				.query<{ id: number }, []>("SELECT id FROM approval WHERE status = 'pending'")
				.all()
				.map(({ id }) => `approval ${id} waits`),
		hasCommit: (id: string, hash: string) => exists('SELECT 1 FROM blueprint_commit WHERE id = ? AND hash = ?', id, hash),
		[Symbol.dispose]: () => db.close(),
	}
}
