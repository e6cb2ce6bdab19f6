import { distance } from 'fastest-levenshtein'

/** Longer words are nobody's slip, and comparing them would cost the square of their length. */
const LONGEST = 64

/** The candidate that `word` is most likely a slip of, or undefined when none is close. Ties go to the earlier candidate. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
	let best: string | undefined
	let fewest = Number.POSITIVE_INFINITY
	for (const candidate of candidates) {
		const length = Math.max(word.length, candidate.length)
		if (length > LONGEST) continue
		const edits = distance(word.toLowerCase(), candidate.toLowerCase())
		if (edits > Math.max(1, Math.round(length * 0.4)) || edits >= fewest) continue
		best = candidate
		fewest = edits
	}
	return best
}
