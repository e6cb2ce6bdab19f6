import type { Cage } from '../../core/hive/cage.ts'
import type { ChildSlots } from '../process/child-slots.ts'

/** The same cage, whose running agents have places among the child processes of the server. `start` throws `children_limit`. */
export function countedCage(cage: Cage, slots: ChildSlots): Cage {
	const places = new Map<string, () => void>()
	const leave = (name: string): void => {
		places.get(name)?.()
		places.delete(name)
	}
	return {
		...cage,
		async start(agent) {
			const { name } = agent
			// Whoever does not come up is stopped, which gives it back.
			if (!places.has(name)) places.set(name, slots.hold(`agent ${JSON.stringify(name)}`))
			return cage.start(agent)
		},
		async stop(name, graceMs) {
			const state = await cage.stop(name, graceMs)
			leave(name)
			return state
		},
		async inspect(name) {
			const state = await cage.inspect(name)
			if (!state.running) leave(name)
			return state
		},
		async adopt(name, handle) {
			const state = await cage.adopt(name, handle)
			if (state.running && !places.has(name)) places.set(name, slots.holdRunning())
			return state
		},
	}
}
