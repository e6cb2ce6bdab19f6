import { mountApi } from '../../../src/edge/http/api.ts'
import { httpApp } from '../../../src/edge/http/app.ts'
import type { DescribedRoute } from '../../../src/edge/http/openapi/document.ts'
import { callApp, testOptions } from './support.ts'

/** Stands for anything, as long as no route is called. */
const anything: unknown = new Proxy(() => undefined, { get: () => anything, apply: () => anything })

/** Every route there is, on nothing: to be looked at, not called. */
export function apiApp() {
	const app = httpApp(testOptions(), (root) => mountApi(root, anything as Parameters<typeof mountApi>[1]))
	return { app, routes: app.routes.filter(({ path }) => path.startsWith('/v1/')) as unknown as DescribedRoute[] }
}

export interface Media {
	readonly schema: { readonly [key: string]: unknown }
	readonly example?: unknown
}
export interface Operation {
	readonly operationId: string
	readonly summary?: string
	readonly tags: readonly (string | null)[]
	readonly security: readonly Record<string, unknown>[]
	readonly parameters: readonly { name: string; in: string; required: boolean; description?: string; example?: unknown; schema: object }[]
	readonly requestBody?: { readonly required: boolean; readonly content: { readonly [type: string]: Media } }
	readonly responses: {
		readonly [status: string]: { readonly description?: string; readonly content?: { readonly [type: string]: Media } }
	}
	readonly 'x-websocket'?: { readonly takes: object; readonly sends: object }
}
export interface OpenApi {
	readonly openapi: string
	readonly tags: readonly { readonly name: string }[]
	readonly paths: { readonly [path: string]: { readonly [method: string]: Operation } }
	readonly components: { readonly schemas: Record<string, object>; readonly securitySchemes: Record<string, object> }
}

export async function readDocument(app: ReturnType<typeof apiApp>['app']): Promise<OpenApi> {
	return (await callApp(app, 'GET', '/swagger/json')).body
}

/** The operation of a route in the document. */
export function operationOf({ paths }: OpenApi, { method, path }: DescribedRoute): Operation | undefined {
	return paths[path.replace(/:(\w+)/g, '{$1}')]?.[method === 'WS' ? 'get' : method.toLowerCase()]
}
