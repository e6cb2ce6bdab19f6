import type { StepEntry } from '../../../protocol/run.ts'
import type { Box } from './flow-graph.ts'

/** What happened at one box in a run. */
export interface BoxState {
	/** The word for the newest dispatch that counts; null where nothing happened. */
	readonly word: string | null
	/** Dispatches below it by word, steps alone. */
	readonly counts: { readonly [word: string]: number }
	/** Rounds of a loop begun, or lanes of a fan-out; zero for other boxes. */
	readonly rounds: number
	/** The dispatches at this very place, the newest last. */
	readonly entries: readonly StepEntry[]
}

/** The place of a position: rounds and lanes left open, what hangs on a step (asks, approvals, audits) left out. */
export const placeOf = (position: string): string =>
	position.replace(/\/(ask|approval|before|after|audit:[^/]*)(\/.*)?$/, '').replaceAll(/\b(body|lane)\[\d+\]/g, '$1[*]')

/** How a run stands at each box of its flow, by box id. `waiting` has ids of steps that wait for somebody. */
export function boxStates(
	boxes: readonly Box[],
	entries: readonly StepEntry[],
	waiting: ReadonlySet<string>,
): ReadonlyMap<string, BoxState> {
	const placed = entries.map((entry) => ({ entry, place: placeOf(entry.position) }))
	return new Map(
		boxes.map((box) => {
			const below = placed.filter(({ place }) => isWithin(place, box.place)).map(({ entry }) => entry)
			const own = box.kind === 'step' ? below : []
			const words = below.map((entry) => wordOf(entry, waiting))
			return [box.id, { word: wordAt(box, words), counts: count(words), rounds: roundsOf(box, below), entries: own }] as const
		}),
	)
}

/** How a dispatch stands, in one word. */
export function wordOf({ status, step_id }: Pick<StepEntry, 'status' | 'step_id'>, waiting: ReadonlySet<string>): string {
	return status ?? (waiting.has(step_id) ? 'waiting' : 'running')
}

const isWithin = (place: string, box: string): boolean => place === box || place.startsWith(`${box}/`)

/** What is still open is told first; else the last one. Boxes around steps say only that they were reached. */
function wordAt({ kind }: Box, words: readonly string[]): string | null {
	if (kind === 'start' || kind === 'end' || kind === 'assign') return null
	const open = words.find((word) => word === 'running') ?? words.find((word) => word === 'waiting')
	if (kind !== 'step') return words.length === 0 ? null : (open ?? 'reached')
	return open ?? words.at(-1) ?? null
}

function count(words: readonly string[]): { readonly [word: string]: number } {
	const counts: Record<string, number> = {}
	for (const word of words) counts[word] = (counts[word] ?? 0) + 1
	return counts
}

function roundsOf({ kind, place }: Box, below: readonly StepEntry[]): number {
	if (kind !== 'loop' && kind !== 'fanout') return 0
	const depth = place.split('/').length
	return new Set(
		below.map(({ position }) =>
			position
				.split('/')
				.slice(0, depth + 1)
				.join('/'),
		),
	).size
}
