/** A JSON value. Values are treated as immutable everywhere: change means a new value along the path. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export type JsonObject = { readonly [key: string]: Json }

export function isJsonObject(value: unknown): value is JsonObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Compact JSON with the keys of every object sorted by code unit, so that equal values give equal text. */
export function canonicalJson(value: Json): string {
	return JSON.stringify(sortKeys(value))
}

function sortKeys(value: Json): Json {
	if (Array.isArray(value)) return value.map(sortKeys)
	if (!isJsonObject(value)) return value
	const sorted: Record<string, Json> = Object.create(null)
	for (const key of Object.keys(value).sort()) sorted[key] = sortKeys(value[key] as Json)
	return sorted
}

/** A prompt as text: a string verbatim, anything else as canonical JSON (mlua-swarm 0.1.0 sorts keys too). */
export function asText(value: Json): string {
	return typeof value === 'string' ? value : canonicalJson(value)
}

/** The value of JSON text, or `undefined` when it is not JSON. */
export function parseJson(text: string): Json | undefined {
	try {
		return JSON.parse(text) as Json
	} catch {
		return undefined
	}
}

/**
 * `over` merged onto `under`, key by key and one level deep. A value that is not an object replaces the other whole;
 * `undefined` counts as absent. The rule of init contexts (mlua-swarm 0.6.0).
 */
export function mergeShallow(under: Json | undefined, over: Json | undefined): Json | undefined {
	if (over === undefined) return under
	if (isJsonObject(under) && isJsonObject(over)) return { ...under, ...over }
	return over
}

/**
 * Whether a value's JSON would take more than so many characters; counting stops there. Values share their parts, so little
 * memory can stand for text without end.
 */
export function isLongerThan(value: Json, limit: number): boolean {
	let length = 0
	const open: Json[] = [value]
	for (let next = open.pop(); next !== undefined; next = open.pop()) {
		if (typeof next === 'string') length += next.length + 2
		else if (Array.isArray(next)) {
			length += next.length + 2
			for (const member of next) open.push(member)
		} else if (isJsonObject(next)) {
			length += 2
			for (const key in next) {
				length += key.length + 4
				open.push(next[key] as Json)
			}
		} else length += 4
		if (length > limit || open.length > limit) return true
	}
	return false
}
