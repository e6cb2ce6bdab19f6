import type { Attempt } from '../../core/dispatch/backend.ts'
import { MseError } from '../../kernel/error.ts'
import { newSlots, type Slots } from './slots.ts'

/**
 * The places for child processes: those of the server, and those of a run and of an agent whose policy gives fewer. What lives on
 * (`hold`) never gets the last place of the server: an attempt that waits for one may be what the others wait for.
 */
export interface ChildSlots {
	/** Takes one of each and resolves to what gives them back. An attempt that waits for one is not at work meanwhile. */
	take(attempt: Attempt): Promise<() => void>
	/** Takes one of the server for a turn, in line with attempts. */
	takeForTurn(signal: AbortSignal): Promise<() => void>
	/** Takes one for what lives on; `what` begins the sentence of the `children_limit` that is thrown when there is none. */
	hold(what: string): () => void
	/**
	 * Resolves when there is one to hold, to what lets the next in that line; null where nothing is ever held. Rejects with the signal's
	 * reason. Not for who holds one already: he may be what the others wait for.
	 */
	untilRoom(attempt: Pick<Attempt, 'signal' | 'working'>): Promise<(() => void) | null>
	/** Takes one for what runs already, also where there is none. */
	holdRunning(): () => void
	/** Places of the server that are taken, and who waits for one. */
	counts(): { readonly running: number; readonly waiting: number }
}

const CHILDREN_LIMIT = 'children_limit'

/** Whether that, or what it came of, is that there was no place. */
export function isChildrenLimit(error: unknown): boolean {
	return error instanceof MseError && (error.code === CHILDREN_LIMIT || isChildrenLimit(error.cause))
}

export function newChildSlots(children: number): ChildSlots {
	const server = newSlots(children)
	const narrow = newShared()
	return {
		...newHolds(children, server),
		takeForTurn: (signal) => server.take(signal, () => {}),
		counts: () => ({ running: server.taken, waiting: server.waiting }),
		async take(attempt) {
			const { runId, agent, children = {}, signal } = attempt
			let waited = false
			const onWait = (): void => {
				waited = true
				attempt.working(false)
			}
			// The narrowest first: who waits for one of those keeps no place from others.
			const wanted = [
				...(children.agent === undefined ? [] : [narrow.of(`${runId} ${agent}`, children.agent)]),
				...(children.run === undefined ? [] : [narrow.of(runId, children.run)]),
				{ slots: server, leave() {} },
			]
			const taken: (() => void)[] = []
			const giveBack = (): void => {
				for (const give of taken.splice(0).reverse()) give()
				for (const { leave } of wanted.splice(0)) leave()
			}
			try {
				for (const { slots } of wanted) taken.push(await slots.take(signal, onWait))
			} catch (error) {
				giveBack()
				throw error
			}
			if (waited) attempt.working(true)
			return giveBack
		},
	}
}

/** For what lives on. */
function newHolds(limit: number, server: Slots): Pick<ChildSlots, 'hold' | 'untilRoom' | 'holdRunning'> {
	const door = newSlots(1)
	let held = 0
	const hasRoom = (): boolean => server.taken < limit && held < limit - 1
	const holdRunning = (): (() => void) => {
		const give = server.add()
		let isHeld = true
		held++
		return () => {
			if (isHeld) held--
			isHeld = false
			give()
		}
	}
	return {
		holdRunning,
		hold(what) {
			if (!hasRoom()) throw tooMany(what, limit, held, server.taken)
			return holdRunning()
		},
		async untilRoom({ signal, working }) {
			if (limit === 1) return null
			working(false)
			const leave = await door.take(signal, () => {})
			try {
				while (!hasRoom()) await server.freed(signal)
			} catch (error) {
				leave()
				throw error
			}
			working(true)
			return leave
		},
	}
}

function tooMany(what: string, limit: number, held: number, taken: number): MseError {
	const why = taken >= limit ? `${taken} child processes run` : `${held} workers and agents run, and the last place is left to steps`
	return new MseError('unavailable', `${what} cannot be started: limits.children is ${limit} and ${why}`, {
		code: CHILDREN_LIMIT,
		hint: 'End one, or raise limits.children.',
	})
}

/** Slots by name, kept as long as somebody uses them. */
function newShared() {
	const byName = new Map<string, { readonly slots: Slots; users: number }>()
	return {
		of(name: string, limit: number): { readonly slots: Slots; leave(): void } {
			const shared = byName.get(name) ?? { slots: newSlots(limit), users: 0 }
			byName.set(name, shared)
			shared.users++
			return {
				slots: shared.slots,
				leave() {
					shared.users--
					if (shared.users === 0) byName.delete(name)
				},
			}
		},
	}
}
