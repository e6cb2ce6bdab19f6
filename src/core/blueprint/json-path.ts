/** The JSON path of a member: `.key` where the key is a plain word, else `["key"]`; `[n]` in lists. */
export function memberOf(path: string, key: string | number): string {
	if (typeof key === 'number') return `${path}[${key}]`
	return /^[A-Za-z_$][\w$]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`
}

/** The keys that a JSON path leads through, without the root. Text that is no path gives the keys up to where it stops being one. */
export function keysOf(path: string): readonly (string | number)[] {
	const keys: (string | number)[] = []
	const segment = /\.([^.[\]]+)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/y
	segment.lastIndex = path.startsWith('$') ? 1 : 0
	for (let found = segment.exec(path); found; found = segment.exec(path)) {
		const [, word, index, quoted] = found
		if (word !== undefined) keys.push(word)
		else keys.push(index === undefined ? JSON.parse(quoted ?? '""') : Number(index))
	}
	return keys
}
