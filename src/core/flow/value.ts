import { isJsonObject, type Json } from '../../kernel/json.ts'

/** Lua's rule, not JavaScript's: only null and false are falsy; 0, "", [] and {} are truthy. */
export function isTruthy(value: Json): boolean {
	return value !== null && value !== false
}

/** Deep and structural; key order does not count. Walks with a stack of its own, for no depth is too much. */
export function isEqual(left: Json, right: Json): boolean {
	const open: [Json, Json][] = [[left, right]]
	for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
		const [a, b] = pair
		if (a === b) continue
		const same =
			Array.isArray(a) && Array.isArray(b) ? pushItems(a, b, open) : isJsonObject(a) && isJsonObject(b) && pushMembers(a, b, open)
		if (!same) return false
	}
	return true
}

function pushItems(a: readonly Json[], b: readonly Json[], open: [Json, Json][]): boolean {
	if (a.length !== b.length) return false
	a.forEach((item, index) => void open.push([item, b[index] ?? null]))
	return true
}

function pushMembers(a: { readonly [key: string]: Json }, b: { readonly [key: string]: Json }, open: [Json, Json][]): boolean {
	const keys = Object.keys(a)
	if (keys.length !== Object.keys(b).length) return false
	for (const key of keys) {
		if (!Object.hasOwn(b, key)) return false
		open.push([a[key] ?? null, b[key] ?? null])
	}
	return true
}

/** Order by code point, which is the order of UTF-8 bytes: `<` compares UTF-16 units and puts U+E000 after an emoji. */
export function compareText(a: string, b: string): number {
	const shorter = Math.min(a.length, b.length)
	for (let at = 0; at < shorter; at++) {
		const left = a.charCodeAt(at)
		const right = b.charCodeAt(at)
		if (left !== right) return codePointRank(left) - codePointRank(right)
	}
	return a.length - b.length
}

/** Moves surrogates, which stand for code points beyond U+FFFF, above the units from U+E000 on. */
function codePointRank(unit: number): number {
	if (unit < 0xd800) return unit
	return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000
}

/** Elements, keys or code points; undefined for what has no length. */
export function lengthOf(value: Json): number | undefined {
	if (typeof value === 'string') return codePoints(value)
	if (Array.isArray(value)) return value.length
	return isJsonObject(value) ? Object.keys(value).length : undefined
}

function codePoints(text: string): number {
	let count = 0
	for (let at = 0; at < text.length; at++) if ((text.charCodeAt(at) & 0xfc00) !== 0xdc00) count++
	return count
}
