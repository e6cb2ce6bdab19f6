/** The part of an Elysia route the table reads. */
interface Route {
	readonly method: string
	readonly path: string
	readonly hooks: { readonly detail?: { readonly security?: readonly unknown[] } | undefined }
}

/** Questions about the mounted routes that Elysia's router does not answer. Asked for failing requests only. */
export interface RouteTable {
	/** Methods that the path has a route for; `WS` for a WebSocket. */
	methods(path: string): readonly string[]
	/** Whether the route has a credential rule of its own (`detail.security`), so that the admin token is not demanded. */
	speaksForItself(method: string, path: string): boolean
}

/** Reads the routes anew when some were mounted since. */
export function routeTable(app: { readonly routes: readonly unknown[] }): RouteTable {
	let rows: { route: Route; pattern: RegExp }[] = []
	const matching = (path: string): Route[] => {
		const routes = app.routes as readonly Route[]
		if (rows.length !== routes.length) rows = routes.map((route) => ({ route, pattern: toPattern(route.path) }))
		return rows.filter(({ pattern }) => pattern.test(path)).map(({ route }) => route)
	}
	return {
		methods: (path) => [...new Set(matching(path).map(({ method }) => method))],
		speaksForItself(method, path) {
			const routes = matching(path)
			const mine = routes.filter((route) => route.method === method || (route.method === 'WS' && method === 'GET'))
			const best = mine.find((route) => !route.path.includes(':')) ?? mine[0]
			return best?.hooks.detail?.security !== undefined
		},
	}
}

function toPattern(path: string): RegExp {
	const segments = path.split('/').map((segment) => {
		if (segment.startsWith(':')) return '[^/]+'
		return segment === '*' ? '.*' : segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
	})
	return new RegExp(`^${segments.join('/')}$`)
}
