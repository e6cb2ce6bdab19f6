import { isJsonObject, type Json } from '../../kernel/json.ts'
import { compareText } from './value.ts'

/** Longer renderings are cut: an error message must not carry a whole ctx, and no value is too deep to be shown. */
const LONGEST = 16_384

/** A value as type errors show it, in serde_json's debug form: `Object {"a": Number(1)}`, keys in code point order. */
export const debugText = (value: Json): string => render(value, DEBUG)

/** A value as compact JSON, keys in code point order. */
export const compactText = (value: Json): string => render(value, COMPACT)

interface Style {
	readonly scalar: (value: null | boolean | number | string) => string
	readonly key: (key: string) => string
	readonly array: string
	readonly object: string
	readonly comma: string
}

const DEBUG: Style = { scalar: debugScalar, key: (key) => `${rustString(key)}: `, array: 'Array [', object: 'Object {', comma: ', ' }
const COMPACT: Style = {
	scalar: (value) => JSON.stringify(value),
	key: (key) => `${JSON.stringify(key)}:`,
	array: '[',
	object: '{',
	comma: ',',
}

function render(value: Json, style: Style): string {
	let text = ''
	const put = (part: string): boolean => {
		text += part
		return text.length <= LONGEST
	}
	return walk(value, style, put) ? text : `${text.slice(0, LONGEST)}…`
}

/** False once the text is full; each level puts at least one character, which bounds the recursion too. */
function walk(value: Json, style: Style, put: (part: string) => boolean): boolean {
	if (typeof value !== 'object' || value === null) return put(style.scalar(value))
	if (!isJsonObject(value)) return list(value, style, style.array, ']', put, (item) => walk(item, style, put))
	const keys = Object.keys(value).sort(compareText)
	return list(keys, style, style.object, '}', put, (key) => put(style.key(key)) && walk(value[key] ?? null, style, put))
}

function list<T>(
	items: readonly T[],
	style: Style,
	open: string,
	close: string,
	put: (part: string) => boolean,
	each: (item: T) => boolean,
): boolean {
	if (!put(open)) return false
	for (const [index, item] of items.entries()) if ((index > 0 && !put(style.comma)) || !each(item)) return false
	return put(close)
}

function debugScalar(value: null | boolean | number | string): string {
	if (value === null) return 'Null'
	if (typeof value === 'boolean') return `Bool(${value})`
	return typeof value === 'number' ? `Number(${value})` : `String(${rustString(value)})`
}

const ESCAPES: { readonly [char: string]: string } = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\0': '\\0' }

function rustString(text: string): string {
	const escaped = text.replace(/["\\]|\p{Cc}/gu, (char) => ESCAPES[char] ?? `\\u{${char.codePointAt(0)?.toString(16)}}`)
	return `"${escaped}"`
}
