/** The JSON path of a member: `.key` where the key is a plain word, else `["key"]`; `[n]` in lists. */
export function memberOf(path: string, key: string | number): string {
	if (typeof key === 'number') return `${path}[${key}]`
	return /^[A-Za-z_$][\w$]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`
}
