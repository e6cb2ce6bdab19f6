/** A place in ctx: the keys that lead to it, none for ctx itself. `text` is the canonical spelling, which parses to the same keys. */
export interface Path {
	readonly keys: readonly string[]
	readonly text: string
}

export type ParsedPath = { readonly path: Path } | { readonly reason: string }

/** More keys than this are refused, so that no walk along a path can exhaust the stack. */
export const MAX_PATH_KEYS = 512

/**
 * Path text as flow-ir 0.2.0 reads it: `$`, then `.key` or `["key"]` any number of times. The root may also be spelled `ctx`
 * (flow-ir 0.3). There are no array indexes: `$.a.0` is the object key "0".
 */
export function parsePath(text: string): ParsedPath {
	const root = /^(?:\$|ctx(?=[.[]|$))/.exec(text)?.[0]
	if (root === undefined) return { reason: "path must start with '$'" }
	const parsed = parseKeys(text.slice(root.length))
	if (typeof parsed === 'string') return { reason: parsed }
	if (parsed.length > MAX_PATH_KEYS) return { reason: `it has ${parsed.length} keys, at most ${MAX_PATH_KEYS} are allowed` }
	return { path: { keys: parsed, text: displayPath(parsed) } }
}

/** The canonical spelling. A bracket is used only where a dot segment cannot hold the key. */
export function displayPath(keys: readonly string[]): string {
	return `$${keys.map(displayKey).join('')}`
}

function displayKey(key: string): string {
	// A key with a quote can only have come from a dot segment, and a bracket could not hold it.
	return /[.[\]]/.test(key) && !key.includes('"') ? `["${key}"]` : `.${key}`
}

type Previous = 'root' | 'dot' | 'bracket'

/** The keys, or the reason why there are none. */
function parseKeys(rest: string): string[] | string {
	if (rest === '.') return "trailing '.' with no segment after it"
	const keys: string[] = []
	let previous: Previous = 'root'
	for (let at = 0; at < rest.length; ) {
		const segment = segmentAt(rest, at, previous)
		if (typeof segment === 'string') return segment
		keys.push(segment.key)
		at = segment.end
		previous = segment.kind
	}
	return keys
}

interface Segment {
	readonly key: string
	readonly end: number
	readonly kind: 'dot' | 'bracket'
}

function segmentAt(rest: string, at: number, previous: Previous): Segment | string {
	if (rest[at] === '[') return bracketAt(rest, at)
	if (rest[at] !== '.') return AFTER[previous]
	if (rest[at + 1] === '[') return bracketAt(rest, at + 1)
	const end = dotEnd(rest, at + 1)
	if (end === at + 1) return previous === 'bracket' ? 'empty path segment' : "empty path segment (leading, trailing, or consecutive '.')"
	return { key: rest.slice(at + 1, end), end, kind: 'dot' }
}

/** What is wrong when neither a dot nor a bracket follows. A dot segment only ends at one of them. */
const AFTER: { readonly [P in Previous]: string } = {
	root: "expected '.', '[', or end-of-string right after '$'",
	dot: "expected '.' or '['",
	bracket: "expected '.' or '[' after bracket segment",
}

function dotEnd(rest: string, start: number): number {
	let end = start
	while (end < rest.length && rest[end] !== '.' && rest[end] !== '[') end++
	return end
}

function bracketAt(rest: string, at: number): Segment | string {
	if (rest[at + 1] !== '"') return "expected '\"' after '['"
	const quote = rest.indexOf('"', at + 2)
	if (quote < 0) return 'unterminated bracket segment'
	if (quote === at + 2) return 'empty bracket key'
	if (rest[quote + 1] !== ']') return "missing closing ']' after key"
	return { key: rest.slice(at + 2, quote), end: quote + 2, kind: 'bracket' }
}
