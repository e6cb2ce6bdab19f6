import { type Clock, sleep } from '../../kernel/clock.ts'
import { MseError } from '../../kernel/error.ts'
import { randomHex } from '../../kernel/hash.ts'

const FIRST_MS = 250
const LONGEST_MS = 15_000

/** How long to wait before try number `n`, which counts from 0: doubling, capped, and spread so that many do not come at once. */
export function backoffMs(n: number): number {
	const whole = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(n, 16))
	const spread = Number.parseInt(randomHex(2), 16) / 0x1_0000
	return Math.round(whole * (0.5 + spread / 2))
}

/** Told of a call that failed and will be made again. */
type OnFailure = (reason: string, retryInMs: number) => void

/** Repeats a call for as long as the server is away or overloaded. Any other failure is thrown, and the signal's reason. */
export async function untilAnswered<T>(clock: Clock, signal: AbortSignal, call: () => Promise<T>, onFailure?: OnFailure): Promise<T> {
	for (let n = 0; ; n++) {
		const ms = backoffMs(n)
		try {
			return await call()
		} catch (thrown) {
			if (!(thrown instanceof MseError) || (thrown.kind !== 'unavailable' && thrown.kind !== 'throttled')) throw thrown
			onFailure?.(thrown.message, ms)
		}
		await sleep(clock, ms, signal)
	}
}
