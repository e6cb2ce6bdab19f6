import { type Clock, sleep } from '../../kernel/clock.ts'
import { MseError, messageOf } from '../../kernel/error.ts'
import type { Check } from '../../protocol/health.ts'

/** One capability and how it is proven. */
export interface Probe {
	/** snake_case; a stable word. */
	readonly name: string
	/** Tries it for real. What it throws makes the capability `broken`, an MseError with its hint. */
	readonly prove: () => Finding | Promise<Finding>
}

export type Finding = Omit<Check, 'name'>

const PATIENCE_MS = 15_000

export const works = (detail: string): Finding => ({ status: 'ok', detail })

/** Tries everything at once. Never throws: what fails, or takes longer than 15 s, is a finding. In the order of the probes. */
export function runProbes(probes: readonly Probe[], clock: Clock): Promise<Check[]> {
	return Promise.all(probes.map(async ({ name, prove }) => ({ name, ...(await finding(prove, clock)) })))
}

/** Callers that come while an answer is on its way get that one, so that asking often does not cost often. */
export function shared<T>(find: () => Promise<T>): () => Promise<T> {
	let pending: Promise<T> | undefined
	return () => {
		pending ??= find().finally(() => {
			pending = undefined
		})
		return pending
	}
}

async function finding(prove: Probe['prove'], clock: Clock): Promise<Finding> {
	const done = new AbortController()
	const late = sleep(clock, PATIENCE_MS, done.signal).then(
		(): Finding => ({ status: 'broken', detail: `It did not answer within ${PATIENCE_MS / 1000} s.` }),
	)
	late.catch(() => {})
	try {
		return await Promise.race([prove(), late])
	} catch (thrown) {
		const hint = thrown instanceof MseError ? thrown.hint : undefined
		return { status: 'broken', detail: messageOf(thrown), ...(hint !== undefined && { hint }) }
	} finally {
		done.abort()
	}
}
