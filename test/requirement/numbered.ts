import type { Requirement } from './manifest.ts'

/** A behaviour, or a behaviour with what the product does instead. */
export type Row = string | readonly [behaviour: string, otherwise: string]

/** Requirements whose ids are a prefix and a number. */
export function numbered(prefix: string, rows: { readonly [number: number]: Row }): readonly Requirement[] {
	return Object.entries(rows).map(([number, row]) => {
		const id = `${prefix}${number}`
		return typeof row === 'string' ? { id, behaviour: row } : { id, behaviour: row[0], otherwise: row[1] }
	})
}
