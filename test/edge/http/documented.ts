import type { AnyElysia } from 'elysia'
import { completeDocument, type DescribedRoute } from '../../../src/edge/http/openapi/document.ts'
import type { Answer } from './support.ts'

const documents = new WeakMap<AnyElysia, { readonly routes: number; readonly paths: Paths }>()
type Paths = { readonly [path: string]: { readonly [method: string]: { readonly responses?: unknown } } }

/** Throws when a route of ours answered with a status that the OpenAPI document does not name for it. */
export function requireDocumented(app: AnyElysia, method: string, path: string, { status, body }: Answer): void {
	const route = routeFor(app.routes as unknown as readonly DescribedRoute[], method, path.split('?', 1)[0] ?? '')
	// Routes that a test makes for itself have no summary.
	if (route?.hooks.detail?.summary === undefined || body?.code === 'unknown_path') return
	const operation = pathsOf(app)[route.path.replace(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()]
	const responses = Object.keys(operation?.responses ?? {})
	if (!responses.includes(String(status)))
		throw new Error(`${method} ${route.path} answered ${status}, which is not documented: ${JSON.stringify(body)}`)
}

function routeFor(routes: readonly DescribedRoute[], method: string, pathname: string): DescribedRoute | undefined {
	const fitting = routes.filter(
		(route) => route.method === method && new RegExp(`^${route.path.replace(/:\w+/g, '[^/]+')}$`).test(pathname),
	)
	return fitting.find(({ path }) => !path.includes(':')) ?? fitting[0]
}

function pathsOf(app: AnyElysia): Paths {
	const known = documents.get(app)
	if (known?.routes === app.routes.length) return known.paths
	const { paths } = completeDocument({ paths: {}, components: {} }, app.routes as unknown as readonly DescribedRoute[])
	documents.set(app, { routes: app.routes.length, paths })
	return paths
}
