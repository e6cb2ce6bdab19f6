import type { HiveBridge } from '../../../src/core/hive/bridge.ts'
import { MseError } from '../../../src/kernel/error.ts'

/** Remembers what reached it; everything it is asked for is there, but for what belongs to `wh-unknown`. */
export function scriptedBridge() {
	const calls: unknown[] = []
	const state = { paused: false }
	const known = (handle: string): void => {
		if (handle === 'wh-unknown') throw new MseError('unauthenticated', 'no such handle')
	}
	const bridge: HiveBridge = {
		async acknowledge(owner, ack) {
			calls.push([owner, ack])
		},
		async prompt(handle) {
			known(handle)
			return { prompt: 'do it', system: 'You do.', agent: 'coder', task_id: 'ST-1', attempt: 1, context: {} }
		},
		async submit(submitted) {
			calls.push(submitted)
		},
		async emit(emitted) {
			calls.push(emitted)
			return { out_id: 'out-1' }
		},
		async read(handle, key) {
			known(handle)
			return { id: key }
		},
		state: async () => ({ ...state }),
	}
	return { bridge, calls, state }
}
