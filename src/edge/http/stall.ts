import type { Clock } from '../../kernel/clock.ts'

/** What one connection may cost. */
export interface StreamLimits {
	/** `limits.inbox_frames`: frames read and not yet handled. */
	readonly inboxFrames: number
	/** `limits.frames_per_sec`: frames that one socket may send. */
	readonly framesPerSec: number
	/** `limits.stall_secs` in milliseconds: how long a reader may take nothing of what waits for it. */
	readonly stallMs: number
}

export const STREAM_LIMITS: StreamLimits = { inboxFrames: 1024, framesPerSec: 20_000, stallMs: 60_000 }

/** Calls `onStall` when what waits for a reader has waited too long. */
export function stallWatch(clock: Clock, stallMs: number, onStall: () => void) {
	let disarm: (() => void) | undefined
	const moved = (): void => {
		disarm?.()
		disarm = undefined
	}
	return {
		/** Something waits from now on, or still does. */
		waiting(): void {
			disarm ??= clock.after(stallMs, onStall)
		},
		/** The reader took something, or is gone. */
		moved,
	}
}

/** Fits into a close frame. */
export const stalledReason = (stallMs: number): string => `the reader took nothing for ${stallMs / 1000} s (limits.stall_secs)`
