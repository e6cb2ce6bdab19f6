import { type Logger, silentLogger } from '../../kernel/log.ts'

/** What every route of one server shares. Kept in the root instance's store, where parsers and error hooks can see it. */
export interface Frame {
	readonly bodyBytes: number
	readonly log: Logger
}

const UNMOUNTED: Frame = { bodyBytes: 2 ** 21, log: silentLogger }

/** The frame of the server a request belongs to; smallest limits for routes that are mounted without one. */
export function frameOf(store: object): Frame {
	return 'frame' in store ? (store.frame as Frame) : UNMOUNTED
}
