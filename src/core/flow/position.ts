/**
 * Where one position of a flow stands as seen from another.
 *
 * - `before`, `after` in flow order: what a node reads can come from before it only
 * - `above` a node that holds it; `below` something inside it, or a child of a step (`/ask`, `/approval`)
 * - `beside` in another lane of a fan-out that holds both: neither sees the other
 */
export type Place = 'same' | 'before' | 'after' | 'above' | 'below' | 'beside'

/** Where `other` stands as seen from `from`; both of the present position scheme. */
export function placeOf(other: string, from: string): Place {
	if (other === from) return 'same'
	const [mine, theirs] = [segmentsOf(from), segmentsOf(other)]
	for (const [at, segment] of mine.entries()) {
		const its = theirs[at]
		if (its === undefined) return 'above'
		if (its === segment) continue
		if (isLane(its) && isLane(segment)) return 'beside'
		return rank(its) < rank(segment) ? 'before' : 'after'
	}
	return 'below'
}

/** Sorts positions in flow order: lanes by their index, a node before what it holds. */
export function compareInFlow(a: string, b: string): number {
	const [left, right] = [segmentsOf(a), segmentsOf(b)]
	for (const [at, segment] of left.entries()) {
		const other = right[at]
		if (other === undefined) return 1
		if (other !== segment) return rank(segment) - rank(other)
	}
	return left.length - right.length
}

const segmentsOf = (position: string): readonly string[] => position.split('/').slice(1)
const isLane = (segment: string): boolean => segment.startsWith('lane[')

/** Where a segment stands among its siblings. The arms of a branch are never both there. */
function rank(segment: string): number {
	if (segment === 'catch' || segment === 'else') return 1
	const number = /^(?:(?:body|lane)\[)?(\d+)\]?$/.exec(segment)?.[1]
	return number === undefined ? 0 : Number(number)
}
