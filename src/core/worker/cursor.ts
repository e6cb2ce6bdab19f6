import { invalidRequest } from './failure.ts'

/** `wo_` and the sequence as 16 hex digits. */
export const encodeCursor = (sequence: number): string => `wo_${sequence.toString(16).padStart(16, '0')}`

/** The sequence of a cursor, or null when it is none. Numbers that no log reaches come back as the largest safe one. */
export function decodeCursor(text: string): number | null {
	if (!/^wo_[0-9a-fA-F]{16}$/.test(text)) return null
	const sequence = BigInt(`0x${text.slice(3)}`)
	return sequence > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(sequence)
}

/** What a cursor is held against: the newest sequence given out, and the highest one of this worker that is no longer kept. */
export interface CursorBounds {
	readonly newest: number
	readonly trimmedThrough: number
}

/** Throws `invalid_request` for a cursor of the future, and for one whose next observations are gone. 0 is everything kept. */
export function checkCursor(workerId: string, cursor: string, sequence: number, { newest, trimmedThrough }: CursorBounds): void {
	const name = `worker observation cursor ${cursor}`
	if (sequence > newest) throw invalidRequest(`${name} is unknown for worker ${workerId}`)
	if (sequence !== 0 && sequence < trimmedThrough) throw invalidRequest(`${name} is expired for worker ${workerId}`)
}
