import type { OpenBlobs } from './blob.ts'
import type { SqliteDatabase } from './database.ts'

/**
 * Columns that may name a file, with what orders their rows. A result moves from `run` to `run_generation`, so the latter
 * comes later.
 */
const COLUMNS: readonly { readonly table: string; readonly key: string; readonly columns: readonly string[] }[] = [
	{ table: 'run', key: 'seq', columns: ['init_ctx', 'result'] },
	{ table: 'run_generation', key: "run_id || ':' || printf('%09d', generation)", columns: ['result'] },
	{ table: 'task', key: 'seq', columns: ['init_ctx'] },
	{ table: 'step', key: 'step_id', columns: ['prompt', 'value'] },
	{ table: 'output', key: 'seq', columns: ['event'] },
	{ table: 'request', key: 'seq', columns: ['frame', 'reply'] },
	{ table: 'approval', key: 'id', columns: ['payload', 'diff', 'form', 'answer'] },
	{ table: 'blueprint_document', key: 'hash', columns: ['document'] },
]
const ROWS_A_PAGE = 500
const MARKER = '{"$blob":"'

/** Removes files that no row names. Rows are read page by page; a file written or used meanwhile stays. Resolves with how many went. */
export async function sweepBlobs(db: SqliteDatabase, blobs: OpenBlobs, signal?: AbortSignal): Promise<number> {
	const sweep = blobs.beginSweep()
	if (sweep === null) return 0
	try {
		for (const { table, key, columns } of COLUMNS)
			for (const column of columns) for await (const hash of namedBy(db, table, key, column, signal)) sweep.keep(hash)
		return signal?.aborted ? 0 : sweep.removeRest()
	} finally {
		sweep.end()
	}
}

/** The hashes a database names, for a copy of its files. */
export function namedBlobs(all: (sql: string) => readonly { readonly text: string }[]): ReadonlySet<string> {
	const found = COLUMNS.flatMap(({ table, columns }) =>
		columns.flatMap((column) => all(`SELECT ${column} AS text FROM ${table} WHERE ${column} LIKE '${MARKER}%'`)),
	)
	return new Set(found.map(({ text }) => hashIn(text)))
}

async function* namedBy(db: SqliteDatabase, table: string, key: string, column: string, signal?: AbortSignal): AsyncGenerator<string> {
	const sql = `SELECT ${key} AS at, CASE WHEN ${column} LIKE '${MARKER}%' THEN ${column} END AS text FROM ${table}
		WHERE ?1 IS NULL OR ${key} > ?1 ORDER BY ${key} LIMIT ${ROWS_A_PAGE}`
	for (let after: string | number | null = null; !signal?.aborted; ) {
		const page: { at: string | number; text: string | null }[] = db.query<{ at: string | number; text: string | null }>(sql).all(after)
		for (const { text } of page) if (text !== null) yield hashIn(text)
		const last = page.at(-1)
		if (!last || page.length < ROWS_A_PAGE) return
		after = last.at
		await new Promise((resolve) => setImmediate(resolve))
	}
}

const hashIn = (text: string): string => text.slice(MARKER.length, MARKER.length + 64)
