import type { Database } from 'bun:sqlite'
import { MseError } from '../../kernel/error.ts'
import { migrations } from './schema.ts'

/** Brings a file to the newest schema, step by step and forward only. A file from a newer release is refused, untouched. */
export function migrate(sqlite: Database, path: string): void {
	const row = sqlite.query<{ user_version: number }, []>('PRAGMA user_version').get()
	const version = row?.user_version ?? 0
	if (version > migrations.length)
		throw new MseError(
			'conflict',
			`${path} has schema ${version}, newer than the ${migrations.length} this mse-server knows. Start the release that wrote it.`,
			{ code: 'schema_too_new' },
		)
	for (const [index, statements] of migrations.entries()) {
		if (index < version) continue
		sqlite.transaction(() => {
			sqlite.run(statements)
			sqlite.run(`PRAGMA user_version = ${index + 1}`)
		})()
	}
}
