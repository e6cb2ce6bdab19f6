import type { EventDraft } from '../../event/event.ts'
import type { ServerHold } from './server-hold.ts'

export interface Paused {
	readonly reason: string
	/** Milliseconds since the epoch. */
	readonly since: number
}

/** What is kept about the server itself. */
export interface ServerStateStore {
	paused(): Promise<Paused | null>
	setPaused(paused: Paused | null, event: EventDraft): Promise<void>
}

/** The switch that keeps every run from beginning anything new. It is on disk, so a restart does not undo it. */
export interface ServerPause {
	readonly state: Paused | null
	/** Resolves once it is on disk; nothing begins from the call on. Calling it again keeps the first reason. */
	pause(reason: string): Promise<Paused>
	/** False when the server was not paused. */
	resume(): Promise<boolean>
}

/** To be called before any run is taken up. */
export async function openServerPause(deps: {
	readonly store: ServerStateStore
	readonly hold: Pick<ServerHold, 'hold' | 'release'>
	readonly clock: { now(): number }
}): Promise<ServerPause> {
	const { store, hold, clock } = deps
	let state = await store.paused()
	if (state) hold.hold()
	return {
		get state() {
			return state
		},
		async pause(reason) {
			if (state) return state
			const paused = { reason, since: clock.now() }
			state = paused
			hold.hold()
			try {
				await store.setPaused(paused, { kind: 'server.paused', data: { reason } })
			} catch (error) {
				state = null
				hold.release()
				throw error
			}
			return paused
		},
		async resume() {
			if (!state) return false
			await store.setPaused(null, { kind: 'server.resumed', data: { paused_ms: clock.now() - state.since } })
			state = null
			hold.release()
			return true
		},
	}
}
