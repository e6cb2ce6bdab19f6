import type { SQLQueryBindings } from 'bun:sqlite'

/** The part of a prepared statement the stores use. */
export interface Prepared<Row, Params extends SQLQueryBindings[]> {
	get(...params: Params): Row | null
	all(...params: Params): Row[]
	run(...params: Params): { readonly changes: number; readonly lastInsertRowid: number | bigint }
}
