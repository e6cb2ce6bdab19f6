import type { Json } from '../../kernel/json.ts'

/** JSON columns that may hold large values: `pack` gives the column's text, `unpack` the value again. */
export interface Values {
	pack(value: Json): string
	unpack(text: string): Json
}
