import { Elysia, ParseError, ValidationError } from 'elysia'
import { type ErrorKind, MseError, toMseError } from '../../kernel/error.ts'
import type { Logger } from '../../kernel/log.ts'
import type { SwarmError } from '../../protocol/error.ts'
import type { RuntimeHttpError } from '../../protocol/runtime.ts'
import { frameOf } from './frame.ts'

const STATUSES = {
	malformed: 400,
	invalid: 422,
	unauthenticated: 401,
	forbidden: 403,
	not_found: 404,
	method_not_allowed: 405,
	conflict: 409,
	gone: 410,
	too_large: 413,
	unsupported_media: 415,
	throttled: 429,
	unavailable: 503,
	timed_out: 504,
	cancelled: 410,
	internal: 500,
} as const satisfies Record<ErrorKind, number>

/**
 * Where a file of swarm routes starts from: what its handlers throw leaves as `{error, code, hint?, details?}` with the
 * kind's status. `extra` adds keys beside them where a compatible wire wants some (`conflicts` of a refused join).
 */
export const swarmRoutes = <const Name extends string>(name: Name, extra: (error: MseError) => object = () => ({})) =>
	// A family needs a hook of its own: the root's, used last, never sees the errors of routes that were mounted before it.
	new Elysia({ name, normalize: false }).onError(({ error, store, set }) => {
		const failure = fromElysia(error)
		logInternal(frameOf(store).log, failure, set.headers['x-request-id'])
		const answer = swarmFailure(failure, extra(failure))
		set.status = answer.status
		return answer
	})

/**
 * Where a file of worker runtime routes starts from: failures leave as `{error: {code, message, details?}}`, and a query key that
 * is given twice is one.
 */
export const runtimeRoutes = <const Name extends string>(name: Name) =>
	new Elysia({ name, normalize: false })
		.onError(({ error, store, set }) => {
			const failure = toRuntimeError(fromElysia(error))
			logInternal(frameOf(store).log, failure, set.headers['x-request-id'])
			return runtimeFailure(failure)
		})
		.onTransform(({ request }) => refuseRepeatedKeys(request.url))

/** Whether the answers of a path are those of the worker runtime's family. */
export const isRuntimePath = (path: string): boolean => /^\/v1\/(runtime|config-bundles|workers)(\/|$)/.test(path)

/** An error as the answer of the family that the path belongs to. */
export function failureAt(path: string, error: MseError, headers: Record<string, string> = {}): Response {
	return isRuntimePath(path) ? runtimeFailure(error, headers) : swarmFailure(error, {}, headers)
}

/** An error as the runtime family's answer. */
function runtimeFailure({ kind, code, message, details }: MseError, headers: Record<string, string> = {}): Response {
	const body: RuntimeHttpError = { error: { code, message, ...(details !== undefined && { details }) } }
	return Response.json(body, { status: STATUSES[kind], headers })
}

function refuseRepeatedKeys(url: string): void {
	const at = url.indexOf('?')
	if (at < 0) return
	const keys = [...new URLSearchParams(url.slice(at)).keys()]
	const repeated = keys.find((key, n) => keys.indexOf(key) !== n)
	if (repeated !== undefined) throw new MseError('malformed', `\`${repeated}\` is given more than once.`, { code: 'invalid_query' })
}

/** The prefix of query errors in yoi's worker-runtime. */
function toRuntimeError(error: MseError): MseError {
	if (error.code !== 'invalid_query') return error
	return new MseError('malformed', `invalid query parameters: ${error.message}`, { code: 'invalid_query' })
}

/** An error as the swarm family's answer. */
export function swarmFailure(error: MseError, extra: object = {}, headers: Record<string, string> = {}): Response {
	const body: SwarmError = {
		error: error.message,
		code: error.code,
		...(error.hint !== undefined && { hint: error.hint }),
		...(error.details !== undefined && { details: error.details }),
		...extra,
	}
	const status = STATUSES[error.kind]
	return Response.json(body, { status, headers: status === 401 ? { 'www-authenticate': 'Bearer', ...headers } : headers })
}

/** Whatever Elysia or a handler threw, as ours. Validation is told by path and expectation, never by the input. */
export function fromElysia(error: unknown): MseError {
	if (error instanceof ParseError) return error.cause instanceof MseError ? error.cause : unreadable(error)
	if (error instanceof ValidationError) return fromValidation(error)
	return toMseError(error)
}

/** What a path is told that no route has. */
export function unknownPath(path: string): MseError {
	return new MseError('not_found', `There is no route ${path}.`, { code: 'unknown_path' })
}

export function logInternal(log: Logger, error: MseError, requestId: unknown): void {
	if (error.kind === 'internal') log.error('request failed', { request_id: requestId, code: error.code, cause: error.cause ?? error })
}

function unreadable(cause: unknown): MseError {
	return new MseError('malformed', 'The body could not be read.', { code: 'body_unreadable', cause })
}

function fromValidation(error: ValidationError): MseError {
	if (error.type === 'response') return toMseError(error)
	const first = error.valueError ?? error.all.find((found) => 'path' in found)
	const path = first && 'path' in first ? String(first.path).replace(/^\//, '').replaceAll('/', '.') : ''
	const wanted = first && 'schema' in first ? expectation(first.schema) : 'something else'
	const where = { query: 'query parameter', params: 'path parameter', headers: 'header' }[error.type] ?? 'body key'
	const subject = path === '' ? where : `${where} \`${path}\``
	return new MseError(error.type === 'body' ? 'invalid' : 'malformed', `The ${subject} has to be ${wanted}.`, {
		code: error.type === 'query' ? 'invalid_query' : 'invalid_request',
	})
}

/** What a schema wants, in words: its own description when it has one. */
export function expectation(schema: unknown): string {
	if (typeof schema !== 'object' || schema === null) return 'something else'
	const { description, type, anyOf, const: literal, pattern } = schema as Record<string, unknown>
	if (typeof description === 'string') return description
	if (Array.isArray(anyOf)) return anyOf.map(expectation).join(' or ')
	if (literal !== undefined) return JSON.stringify(literal)
	if (typeof pattern === 'string') return `text that matches ${pattern}`
	return typeof type === 'string' ? `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}` : 'present'
}
