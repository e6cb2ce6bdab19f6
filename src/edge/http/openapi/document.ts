import { OptionalKind, type TSchema, Type } from '@sinclair/typebox'
import { refusals, SwarmErrorSchema } from '../../../protocol/error.ts'
import { exampleOf } from '../../../protocol/example.ts'
import { RuntimeHttpErrorSchema, runtimeRefusals } from '../../../protocol/runtime.ts'
import { isRuntimePath } from '../failure.ts'
import { namedSchemas, toJsonSchema } from './schema.ts'
import { frameStatuses, meaningOf, refusalExample } from './status.ts'
import { pathParameters, tagOf, tags } from './tag.ts'

/** What a route says of itself in `detail`. */
export interface RouteDetail {
	/** One line, a verb in the third person first. Required of every route. */
	readonly summary?: string
	readonly description?: string
	/** Absent where the admin token guards the route. */
	readonly security?: Record<string, string[]>[]
	readonly hide?: boolean
	/** Frames of a WebSocket. */
	readonly frames?: { readonly in: TSchema; readonly out: TSchema; readonly refuses: readonly number[] }
}

/** The part of a mounted route that is read here. */
export interface DescribedRoute {
	readonly method: string
	readonly path: string
	readonly hooks: {
		readonly body?: TSchema
		readonly query?: TSchema
		readonly response?: { readonly [status: string]: TSchema }
		readonly detail?: RouteDetail
	}
}

type Operation = { readonly [key: string]: unknown }
/** The skeleton that the swagger plugin makes of the same routes. */
export interface Skeleton {
	readonly paths: { readonly [path: string]: { readonly [method: string]: Operation } }
	readonly components: object
}

/**
 * The OpenAPI 3.1 document: the plugin's skeleton (info, paths, operation ids) with what it leaves out or gets wrong, each
 * taken from the route's own schemas: bodies and answers with their content types and examples, the statuses of the frame
 * around the routes, credentials, and WebSocket routes with their frames.
 */
export function completeDocument<S extends Skeleton>(skeleton: S, routes: readonly DescribedRoute[]) {
	const paths: Record<string, Record<string, Operation>> = {}
	for (const route of routes) {
		if (route.hooks.detail?.hide === true || !route.path.startsWith('/v1/')) continue
		const path = route.path.replace(/:(\w+)/g, '{$1}')
		const method = route.method === 'WS' ? 'get' : route.method.toLowerCase()
		const described = skeleton.paths[path]?.[method]?.operationId ?? `socket${path}`
		paths[path] = { ...paths[path], [method]: { operationId: toName(described), ...toOperation(route) } }
	}
	const responses = { MethodNotAllowed: toResponse('405', SwarmErrorSchema) }
	const components = { ...skeleton.components, schemas: namedSchemas(), responses }
	return { ...skeleton, openapi: '3.1.0', tags, paths, components }
}

/** A name that code generators may use as it is. */
const toName = (id: unknown): string => String(id).replace(/\W+(\w?)/g, (_, letter: string) => letter.toUpperCase())

function toOperation(route: DescribedRoute): Operation {
	const { path, hooks } = route
	const { summary, description, security, frames } = hooks.detail ?? {}
	const about = [description, frames && aboutFrames(frames)].filter((text) => text !== undefined).join('\n\n')
	return {
		tags: [tagOf(path)],
		summary,
		...(about !== '' && { description: about }),
		security: security ?? [{ admin: [] }],
		parameters: [...pathParameters(path), ...queryParameters(hooks.query)],
		...(hooks.body && route.method !== 'WS' && { requestBody: toRequestBody(hooks.body) }),
		...(frames && { 'x-websocket': { takes: toJsonSchema(frames.in), sends: toJsonSchema(frames.out) } }),
		responses: toResponses(route),
	}
}

/** Swagger's page shows no frames by itself. */
function aboutFrames({ in: takes, out: sends }: { readonly in: TSchema; readonly out: TSchema }): string {
	const show = (schema: TSchema): string => {
		const members: TSchema[] = schema.anyOf ?? [schema]
		return members.map((member) => `    ${JSON.stringify(exampleOf(member))}`).join('\n')
	}
	return `A WebSocket of JSON text frames.\n\nThe server sends:\n\n${show(sends)}\n\nThe client sends:\n\n${show(takes)}`
}

function queryParameters(query: TSchema | undefined): object[] {
	const required: readonly string[] = query?.required ?? []
	return Object.entries<TSchema>(query?.properties ?? {}).map(([name, schema]) => {
		const { description, ...plain } = toJsonSchema(schema)
		const example = exampleOf(schema, name)
		return {
			...{ name, in: 'query', required: required.includes(name), schema: plain },
			...(description !== undefined && { description }),
			...(example !== undefined && { example }),
		}
	})
}

const isBytes = (body: TSchema): boolean => body.contentEncoding === 'binary'

function toRequestBody(body: TSchema): object {
	if (isBytes(body)) return { required: false, content: { 'application/octet-stream': { schema: {}, example: 'Ada' } } }
	return { required: !(OptionalKind in body), content: { 'application/json': { schema: toJsonSchema(body), example: exampleOf(body) } } }
}

function toResponses({ method, path, hooks }: DescribedRoute): object {
	const { body, query, response = {}, detail } = hooks
	const takesBytes = body !== undefined && isBytes(body)
	const frame = frameStatuses({
		...{ method, takesBytes, takesJson: method !== 'WS' && body !== undefined && !takesBytes },
		hasInput: query !== undefined || path.includes(':'),
		isOpen: detail?.security?.length === 0,
		isRuntime: isRuntimePath(path),
	})
	const all: { readonly [status: string]: TSchema } = {
		...frame,
		...(detail?.frames && { 101: Type.Void(), ...(isRuntimePath(path) ? runtimeRefusals : refusals)(...detail.frames.refuses) }),
		...response,
	}
	return Object.fromEntries(Object.entries(all).map(([status, schema]) => [status, toResponse(status, schema)]))
}

function toResponse(status: string, schema: TSchema): object {
	const { description = meaningOf(status), contentMediaType = 'application/json' } = schema
	if (schema.type === 'void' || schema.type === 'undefined') return { description }
	const isRefusal = schema === SwarmErrorSchema || schema === RuntimeHttpErrorSchema
	const example = isRefusal ? refusalExample(status, schema) : exampleOf(schema)
	return { description, content: { [contentMediaType]: { schema: toJsonSchema(schema), example } } }
}
