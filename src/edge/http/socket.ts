import type { Clock } from '../../kernel/clock.ts'
import { stalledReason, stallWatch } from './stall.ts'

/** `queued`: behind others in the send queue. `dropped`: over the queue's limit, or closed; the socket is being closed. */
export type SendResult = 'sent' | 'queued' | 'dropped'

/** One open socket. `Caller` is what `admit` made of its request. */
export interface Socket<Out, Caller> {
	readonly caller: Caller
	/** Writes one frame. A frame that is dropped closes the socket (1013), since what follows would miss it. */
	send(frame: Out): SendResult
	/**
	 * Writes frames in one go, in order. How many were written: fewer than all when the queue is full, then `drained` says when to go
	 * on; or when the socket is closed.
	 */
	sendAll(frames: readonly Out[]): number
	/** What is sent meanwhile leaves as one write. */
	together(send: () => void): void
	/** The payload comes back in `pong` once the peer has read everything sent before. */
	ping(payload: string): void
	/** Resolves when the queue moves again after a `queued`, or the socket is closed; at once otherwise. */
	drained(): Promise<void>
	/** Fires when the socket is closed. */
	readonly closed: AbortSignal
	close(code: number, reason: string): void
}

/** Bun's socket, as far as it is used here. */
export interface RawSocket {
	sendText(text: string): number
	ping(payload?: string): number
	close(code?: number, reason?: string): void
	/** What is sent meanwhile leaves as one write. */
	cork(send: () => void): unknown
	/** Bytes that the system did not take yet. */
	getBufferedAmount?(): number
}
export interface Connection<Out, Caller> extends Socket<Out, Caller> {
	tail: Promise<void>
	waiting: number
	/** How many frames came since when. */
	heard: { frames: number; since: number }
	lastHeardAt: number
	readonly ended: AbortController
	wakeDrained(): void
}

export function newConnection<Out, Caller>(raw: RawSocket, caller: Caller, parts: ConnectionParts<Out>): Connection<Out, Caller> {
	const ended = new AbortController()
	const { clock } = parts
	return {
		caller,
		ended,
		closed: ended.signal,
		tail: Promise.resolve(),
		waiting: 0,
		heard: { frames: 0, since: clock.now() },
		lastHeardAt: clock.now(),
		...newQueue(raw, ended.signal, parts),
		ping: (payload) => void (ended.signal.aborted || raw.ping(payload)),
		close: (code, reason) => void (ended.signal.aborted || raw.close(code, reason)),
	}
}

interface ConnectionParts<Out> {
	readonly clock: Clock
	readonly stallMs: number
	encode(frame: Out): string
}

/** What is written to a socket, and who waits for it to take more. */
function newQueue<Out>(raw: RawSocket, closed: AbortSignal, { clock, stallMs, encode }: ConnectionParts<Out>) {
	let sleepers: (() => void)[] = []
	let congested = false
	const stall = stallWatch(clock, stallMs, () => raw.close(1013, stalledReason(stallMs)))
	const jam = (): void => {
		congested = true
		stall.waiting()
	}
	const send = (frame: Out): SendResult => {
		const text = encode(frame)
		if (closed.aborted) return 'dropped'
		const written = raw.sendText(text)
		if (written > 0) return 'sent'
		congested = false
		if (written === 0) raw.close(1013, 'the send queue is full (limits.frame_bytes)')
		else jam()
		return written === 0 ? 'dropped' : 'queued'
	}
	const together = (work: () => void): void => {
		raw.cork(work)
		// What was written together may have been too much for the system, which says so only afterwards.
		if (!closed.aborted && (raw.getBufferedAmount?.() ?? 0) > 0) jam()
	}
	return {
		send,
		together,
		sendAll(frames: readonly Out[]): number {
			let taken = 0
			together(() => {
				for (const frame of frames) {
					const result = send(frame)
					if (result !== 'dropped') taken++
					if (result !== 'sent') return
				}
			})
			return taken
		},
		drained(): Promise<void> {
			if (closed.aborted || !congested) return Promise.resolve()
			return new Promise((resolve) => void sleepers.push(resolve))
		},
		wakeDrained(): void {
			congested = false
			stall.moved()
			const woken = sleepers
			sleepers = []
			for (const wake of woken) wake()
		},
	}
}
