import { MseError } from '../../kernel/error.ts'
import type { Asking, Reply } from './request.ts'

type Ask = (asking: Asking) => Promise<Reply>

/**
 * Asks, and asks again for as long as the seat moves meanwhile. A spawn whose request went out already is not repeated
 * here: its attempt has ended with the seat, so it rejects with `conflict` (code `displaced`) and another attempt follows.
 */
export async function untilSeated(asking: Asking, first: Ask, again: Ask): Promise<Reply> {
	for (let ask = first; ; ask = again) {
		try {
			return await ask(asking)
		} catch (error) {
			if (!hasMoved(error, asking)) throw error
			asking.signal.throwIfAborted()
		}
	}
}

function hasMoved(error: unknown, { kind }: Asking): boolean {
	if (!(error instanceof MseError)) return false
	return error.code === 'seat_moved' || (error.code === 'displaced' && kind !== 'spawn')
}
