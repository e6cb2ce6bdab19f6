import { fingerprint } from '../../../kernel/hash.ts'
import type { Policy } from '../../../protocol/policy.ts'
import type { StepFailure } from '../record.ts'

/** How many milliseconds must pass before the next attempt; null when none is made. */
export type Wait = number | null

/** What a worker may ask for at most. */
const LONGEST_ASKED_MS = 24 * 3600 * 1000
/** A hook's refusal is a decision, a used-up budget stays used up, and who cancels wants no second try. */
const DECIDED = /spawn rejected by middleware: /
const FINAL_CODES: ReadonlySet<string> = new Set(['cancelled', 'attempt_lost'])

/**
 * Whether a failed attempt is made again, and when. `failures` counts attempts that failed by themselves or by their
 * timeout, this one included; `seed` names the attempt, so that its share of chance is the same in every life of the server.
 */
export function retryWait(
	retry: Policy['retry'],
	failed: { readonly failure: StepFailure; readonly failures: number; readonly retryAfterMs: number | null; readonly seed: string },
): Wait {
	const { failure, failures, retryAfterMs, seed } = failed
	if (!retry || failures >= retry.max_attempts) return null
	if (DECIDED.test(failure.message) || FINAL_CODES.has(failure.code) || failure.code.startsWith('budget_')) return null
	const full = Math.min(retry.max_backoff_ms, retry.backoff_ms * retry.factor ** (failures - 1))
	const backoff = Math.round(full * (1 - retry.jitter * chanceOf(seed)))
	return Math.max(backoff, Math.min(retryAfterMs ?? 0, LONGEST_ASKED_MS))
}

/** From 0 up to 1, spread evenly over seeds. */
function chanceOf(seed: string): number {
	return Number.parseInt(fingerprint(seed).slice(-8), 16) / 2 ** 32
}
