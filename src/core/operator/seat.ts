import { MseError } from '../../kernel/error.ts'
import type { RunId, SessionId } from '../../kernel/id.ts'
import type { OperatorSessions } from './sessions.ts'

/** The seats of runs, as far as routing needs them; `app.ts` binds it to the run store. */
export interface Seating {
	/** Who holds the slot; null while it is vacant or was never declared. */
	seat(runId: RunId, slot: string): Promise<{ readonly op: string; readonly generation: number } | null>
	/** Makes `op` its holder because it bears the slot's name. */
	assign(runId: RunId, slot: string, op: SessionId, desc: string): Promise<{ readonly generation: number }>
}

/** Where a request goes. */
export interface Addressee {
	readonly sid: SessionId
	readonly seatGeneration: number | null
}

/**
 * Decides at each dispatch who gets a request. One at a time per seat, so that lanes of a fan-out agree on the holder of
 * a vacant one.
 */
export class OperatorRouter {
	readonly #sessions: OperatorSessions
	readonly #seating: Seating
	readonly #turns = new Map<string, Promise<unknown>>()

	constructor(sessions: OperatorSessions, seating: Seating) {
		this.#sessions = sessions
		this.#seating = seating
	}

	/**
	 * The addressee, or null when the request has to wait for somebody to come. Throws `unavailable` when the seat is held
	 * by something that is no session.
	 */
	async route(runId: RunId, to: { readonly slot: string } | { readonly operator: string }): Promise<Addressee | null> {
		if ('operator' in to) {
			const session = await this.#sessions.find(to.operator)
			return session ? { sid: session.record.sid, seatGeneration: null } : null
		}
		return this.#inTurn(`${runId} ${to.slot}`, () => this.#seated(runId, to.slot))
	}

	async #seated(runId: RunId, slot: string): Promise<Addressee | null> {
		const held = await this.#holder(runId, slot)
		if (held) return held
		const session = await this.#sessions.find(slot)
		if (!session) return null
		const { sid, desc } = session.record
		const { generation } = await this.#seating.assign(runId, slot, sid, desc ?? slot)
		this.#sessions.touch(sid)
		return { sid, seatGeneration: generation }
	}

	async #holder(runId: RunId, slot: string): Promise<Addressee | null> {
		const seat = await this.#seating.seat(runId, slot)
		if (!seat) return null
		const session = await this.#sessions.find(seat.op)
		if (session) return { sid: session.record.sid, seatGeneration: seat.generation }
		// Looking for a session that idled out ends it, which vacates its seats.
		const again = await this.#seating.seat(runId, slot)
		if (!again) return null
		throw new MseError('unavailable', `Operator seat '${slot}' of run ${runId} is held by '${again.op}', which is no live session.`, {
			code: 'seat_holder_unknown',
			hint: 'Let a live operator acquire the seat.',
		})
	}

	#inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
		const before = this.#turns.get(key) ?? Promise.resolve()
		const mine = before.then(work, work)
		const settled = mine.catch(() => {})
		this.#turns.set(key, settled)
		settled.then(() => {
			if (this.#turns.get(key) === settled) this.#turns.delete(key)
		})
		return mine
	}
}
