/** A place in the console, as it stands behind the `#` of the address: `#/runs/R-1?step=ST-2`. */
export interface Route {
	/** Names the page; empty at the start. */
	readonly noun: string
	/** What follows, decoded: `['R-1']`. */
	readonly rest: readonly string[]
	readonly query: URLSearchParams
}

/** The route of a hash; a broken escape stays as it is. */
export function parseRoute(hash: string): Route {
	const [path = '', query = ''] = hash.replace(/^#?\/?/, '').split('?', 2)
	const [noun = '', ...rest] = path.split('/').map(decoded)
	return { noun, rest: rest.filter((part) => part !== ''), query: new URLSearchParams(query) }
}

/** The hash of a place; keys of `query` that are empty or undefined are left out. */
export function hrefOf(path: readonly string[], query: { readonly [key: string]: string | undefined } = {}): string {
	const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '')
	const search = given.length === 0 ? '' : `?${new URLSearchParams(given)}`
	return `#/${path.map(encodeURIComponent).join('/')}${search}`
}

function decoded(part: string): string {
	try {
		return decodeURIComponent(part)
	} catch {
		return part
	}
}
