import { MseError } from '../../kernel/error.ts'
import type { Values } from './value.ts'

/**
 * A row of a list, read so that one large value that is lost does not take the whole list with it: the value is null then,
 * and `damage` says why.
 */
export function readForgiving<T extends object>(values: Values, read: (values: Values) => T): T & { readonly damage?: string } {
	let damage: string | undefined
	const unpack: Values['unpack'] = (text) => {
		try {
			return values.unpack(text)
		} catch (error) {
			if (!(error instanceof MseError) || error.code !== 'storage_damaged') throw error
			damage = error.message
			return null
		}
	}
	const row = read({ pack: (value) => values.pack(value), unpack })
	return damage === undefined ? row : { ...row, damage }
}
