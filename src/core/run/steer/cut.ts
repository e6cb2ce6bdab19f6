import { compareInFlow, placeOf } from '../../flow/position.ts'
import type { Step } from '../record.ts'
import type { RecordedJournal } from '../store.ts'

/** A journal cut in two: what a rerun keeps, and what it drops. */
export interface Cut {
	readonly keptSteps: readonly Step[]
	readonly droppedSteps: readonly Step[]
	readonly keptDecisions: readonly (readonly [position: string, lane: number])[]
	readonly droppedDecisions: readonly string[]
}

/** The recorded step of that id or position, or the first of that name in flow order. */
export function findStep(steps: readonly Step[], named: string): Step | null {
	const exact = steps.find(({ stepId, position }) => stepId === named || position === named)
	if (exact) return exact
	const bearers = steps.filter(({ ref }) => ref === named)
	return bearers.sort((a, b) => compareInFlow(a.position, b.position))[0] ?? null
}

/**
 * Drops a position, all after it in flow order and the decisions above it. Other lanes stay as they ended; one that only
 * gave way to a decision that is dropped has to run after all.
 */
export function cutAt(position: string, { steps, decisions }: Pick<RecordedJournal, 'steps' | 'decisions'>): Cut {
	const [keptSteps, droppedSteps] = divide(steps, (step) => keepsStep(step, position))
	const [kept, dropped] = divide([...decisions], ([at]) => ['before', 'beside'].includes(placeOf(at, position)))
	return { keptSteps, droppedSteps, keptDecisions: kept, droppedDecisions: dropped.map(([at]) => at) }
}

function keepsStep(step: Step, position: string): boolean {
	const place = placeOf(step.position, position)
	if (place !== 'before' && place !== 'beside') return false
	return step.status !== 'cancelled' || !hasGivenWay(step, place)
}

/** Its run ended under it, or another lane was quicker: nobody ever decided about the step itself. */
function hasGivenWay({ failure }: Step, place: 'before' | 'beside'): boolean {
	if (failure === null) return true
	return place === 'beside' && failure.code !== 'cancelled'
}

function divide<T>(items: readonly T[], keeps: (item: T) => boolean): [kept: T[], dropped: T[]] {
	const { kept = [], dropped = [] } = Object.groupBy(items, (item) => (keeps(item) ? 'kept' : 'dropped'))
	return [kept, dropped]
}
