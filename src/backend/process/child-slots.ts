import type { Attempt } from '../../core/dispatch/backend.ts'
import { newSlots, type Slots } from './slots.ts'

/** The places for child processes: those of the server, and those of a run and of an agent whose policy gives fewer. */
export interface ChildSlots {
	/** Takes one of each and resolves to what gives them back. An attempt that waits for one is not at work meanwhile. */
	take(attempt: Attempt): Promise<() => void>
	/** Places of the server that are taken, and attempts that wait for one. */
	counts(): { readonly running: number; readonly waiting: number }
}

export function newChildSlots(children: number): ChildSlots {
	const server = newSlots(children)
	const narrow = newShared()
	return {
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
