import type { RunId, SessionId } from '../../kernel/id.ts'
import type { Desk } from './desk.ts'
import type { StandingRequest, StandingRequests } from './standing-requests.ts'

/** So many runs are woken in one turn of the event loop. */
const AT_A_TIME = 64

export interface RousingDeps {
	readonly standing: StandingRequests
	/** Resolves once the run is driven again, or is found to have ended. */
	wake(runId: RunId): Promise<unknown>
}

/** Wakes sleeping runs for what happens to their requests. */
export class Rousing {
	readonly #deps: RousingDeps

	constructor(deps: RousingDeps) {
		this.#deps = deps
	}

	/** Something happened to that request, if it stands. */
	one(standing: StandingRequest | undefined): void {
		if (standing) void this.#deps.wake(standing.runId)
	}

	/** The same happened to all of them. */
	async all(standing: readonly StandingRequest[], goesOn = (_last: StandingRequest | undefined): boolean => true): Promise<void> {
		for (let from = 0; from < standing.length; from += AT_A_TIME) {
			const some = standing.slice(from, from + AT_A_TIME)
			await Promise.all(some.map(({ runId }) => this.#deps.wake(runId)))
			await new Promise((resolve) => setImmediate(resolve))
			if (!goesOn(some.at(-1))) return
		}
	}

	/** A socket came: what it was not sent yet is sent, oldest first, and nothing newer before. */
	async connected(sid: SessionId, desk: Desk): Promise<void> {
		const { connection } = desk
		const unsent = this.#deps.standing.ofSession(sid).filter(({ state }) => state !== 'delivered')
		desk.holdAfter(unsent[0]?.createdAt)
		if (unsent.length === 0) return
		await this.all(unsent, (last) => {
			if (desk.connection !== connection) return false
			desk.holdAfter(last?.createdAt)
			return true
		})
		if (desk.connection === connection) desk.holdAfter(undefined)
	}
}
