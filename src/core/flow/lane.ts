import type { Node } from '../../protocol/flow.ts'
import type { Ctx } from './ctx.ts'
import type { FlowHost } from './flow-host.ts'
import type { Pace } from './pace.ts'

/** One line of execution: the flow itself, or one item of a fan-out. */
export interface Lane {
	readonly ctx: Ctx
	readonly signal: AbortSignal
	readonly host: FlowHost
	readonly pace: Pace
}

/**
 * A compiled node. Answers nothing when it is done at once, so that chains of synchronous nodes make no promises; throws or rejects
 * with a FlowError, or with the signal's reason. `position` is the node's own.
 */
export type Runner = (lane: Lane, position: string) => void | Promise<void>

/** How a node's file compiles the nodes inside it; handed down, so that no file of `node/` knows the others. */
export type CompileNode = (node: Node) => Runner

/**
 * `turn(0)`, `turn(1)`, … for as long as `more(n)` says yes. Goes on synchronously until a turn is pending or the event loop is due.
 */
export function inTurn(lane: Lane, more: (n: number) => boolean, turn: (n: number) => void | Promise<void>): void | Promise<void> {
	for (let n = 0; ; n++) {
		const breath = lane.pace.due()
		if (breath !== undefined) return carryOn(lane, breath, n, more, turn)
		if (!more(n)) return
		const pending = turn(n)
		if (pending !== undefined) return carryOn(lane, pending, n + 1, more, turn)
	}
}

async function carryOn(
	lane: Lane,
	first: Promise<void>,
	from: number,
	more: (n: number) => boolean,
	turn: (n: number) => void | Promise<void>,
) {
	await first
	for (let n = from; ; n++) {
		const breath = lane.pace.due()
		if (breath !== undefined) await breath
		lane.signal.throwIfAborted()
		if (!more(n)) return
		const pending = turn(n)
		if (pending !== undefined) await pending
	}
}
