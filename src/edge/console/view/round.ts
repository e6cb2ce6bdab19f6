import type { StepEntry } from '../../../protocol/run.ts'
import { placeOf } from './flow-state.ts'

/** Which dispatch of its place in the flow a step is: rounds of a loop, lanes of a fan-out. */
export interface Round {
	/** Counts from 1. */
	readonly n: number
	readonly of: number
	readonly previous: string | null
	readonly next: string | null
}

/** Null where the place was reached only once. */
export function roundOf(stepId: string, entries: readonly StepEntry[]): Round | null {
	const own = entries.find(({ step_id }) => step_id === stepId)
	if (own === undefined) return null
	const place = placeOf(own.position)
	const same = entries.filter(({ position }) => placeOf(position) === place)
	const at = same.indexOf(own)
	if (same.length < 2) return null
	return { n: at + 1, of: same.length, previous: same[at - 1]?.step_id ?? null, next: same[at + 1]?.step_id ?? null }
}
