import type { RunId, SessionId } from '../../kernel/id.ts'
import { isInScope } from './session.ts'
import type { LiveSession, OperatorSessions } from './sessions.ts'

/** The seats of runs, as far as routing needs them; `app.ts` binds it to the run store. */
export interface Seating {
	/** The Blueprint of a run; null for an inline one without an id. */
	blueprintOf(runId: RunId): Promise<string | null>
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
	 * The addressee, or null when the request has to wait for somebody to come or to take the seat. A session that joined
	 * for certain Blueprints gets no work of others.
	 */
	async route(runId: RunId, to: { readonly slot: string } | { readonly operator: string }): Promise<Addressee | null> {
		if ('operator' in to) {
			const session = await this.#serving(runId, to.operator)
			return session ? { sid: session.record.sid, seatGeneration: null } : null
		}
		return this.#inTurn(`${runId} ${to.slot}`, () => this.#seated(runId, to.slot))
	}

	async #seated(runId: RunId, slot: string): Promise<Addressee | null> {
		const held = await this.#holder(runId, slot)
		if (held !== 'vacant') return held
		const session = await this.#serving(runId, slot)
		if (!session) return null
		const { sid, desc } = session.record
		const { generation } = await this.#seating.assign(runId, slot, sid, desc ?? slot)
		this.#sessions.touch(sid)
		return { sid, seatGeneration: generation }
	}

	/** Null for a seat whose holder cannot be reached: its work waits until somebody takes the seat. */
	async #holder(runId: RunId, slot: string): Promise<Addressee | 'vacant' | null> {
		const seat = await this.#seating.seat(runId, slot)
		if (!seat) return 'vacant'
		const session = await this.#serving(runId, seat.op)
		if (session) return { sid: session.record.sid, seatGeneration: seat.generation }
		// Looking for a session that idled out ends it, which vacates its seats.
		return (await this.#seating.seat(runId, slot)) ? null : 'vacant'
	}

	async #serving(runId: RunId, name: string): Promise<LiveSession | null> {
		const session = await this.#sessions.find(name)
		if (!session?.record.scope) return session
		return isInScope(session.record, await this.#seating.blueprintOf(runId)) ? session : null
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
