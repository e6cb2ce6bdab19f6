/** The candidate that `word` is most likely a slip of, or undefined when none is close. Ties go to the earlier candidate. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
	if (word.length > LONGEST) return undefined
	let best: string | undefined
	let bestDistance = Number.POSITIVE_INFINITY
	for (const candidate of candidates) {
		if (candidate.length > LONGEST) continue
		const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
		const allowed = Math.max(1, Math.floor(Math.max(word.length, candidate.length) / 3))
		if (distance <= allowed && distance < bestDistance) {
			best = candidate
			bestDistance = distance
		}
	}
	return best
}

/** Longer words are nobody's slip, and comparing them would cost the square of their length. */
const LONGEST = 64

/** Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
	let beforeLast: number[] = []
	let last = Array.from({ length: b.length + 1 }, (_, column) => column)
	for (let row = 1; row <= a.length; row++) {
		const line = [row]
		for (let column = 1; column <= b.length; column++) {
			const same = a[row - 1] === b[column - 1]
			const edits = [at(last, column) + 1, at(line, column - 1) + 1, at(last, column - 1) + (same ? 0 : 1)]
			if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) edits.push(at(beforeLast, column - 2) + 1)
			line.push(Math.min(...edits))
		}
		beforeLast = last
		last = line
	}
	return at(last, b.length)
}

function at(line: readonly number[], column: number): number {
	return line[column] ?? Number.POSITIVE_INFINITY
}
