import fc, { type Arbitrary } from 'fast-check'
import type { OpenApi, Operation } from '../api-app.ts'
import { arbitraryOf, type Schema } from './arbitrary.ts'
import { brokenTexts, mutated } from './mutation.ts'

/** One operation of the document. */
export interface Target {
	readonly path: string
	readonly method: string
	readonly operation: Operation
}

/** A request as drawn. Picks are numbers that `Pool` turns into ids and credentials that are there when it is sent. */
export interface Drawn {
	readonly target: Target
	readonly method: string
	readonly params: readonly { readonly pick: number; readonly odd: string | null }[]
	readonly query: readonly (readonly [name: string, value: string])[]
	readonly bearer: { readonly pick: number; readonly kind: 'none' | 'known' | 'odd' }
	readonly contentType: string | null
	/** Text or bytes as sent; null for none. */
	readonly body: string | null
}

/** All operations but the one that has the whole server wait. */
export function targetsOf({ paths }: OpenApi): Target[] {
	const drawn = Object.entries(paths).filter(([path]) => path !== '/v1/server/pause')
	return drawn.flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })))
}

const ODD_IDS = [
	'nobody',
	'%00',
	'%FF',
	'%zz',
	'a%2Fb',
	'%E2%82%AC',
	"'--",
	'x'.repeat(3000),
	'__proto__',
	'constructor',
	'%0d%0aX:1',
	'-1',
	'latest',
	'hello',
]
const TYPES = [
	'text/plain',
	'application/x-www-form-urlencoded',
	'multipart/form-data',
	'application/json; charset=latin1',
	'json',
	'a/b/c',
]
const METHODS = ['get', 'post', 'put', 'patch', 'delete', 'options', 'head']

/** Requests to every operation alike, most of them as documented and some with one thing wrong. */
export function requestArbitrary(document: OpenApi): Arbitrary<Drawn> {
	return fc.constantFrom(...targetsOf(document)).chain((target) => drawnFor(document, target))
}

function drawnFor({ components }: OpenApi, target: Target): Arbitrary<Drawn> {
	const schemas = components.schemas as { [name: string]: Schema }
	const { operation } = target
	const holes = operation.parameters.filter((parameter) => parameter.in === 'path')
	const json = operation.requestBody?.content['application/json']
	const bytes = operation.requestBody?.content['application/octet-stream']
	return fc.record({
		target: fc.constant(target),
		method: sometimes(25, fc.constantFrom(...METHODS), fc.constant(target.method)),
		params: fc.tuple(...holes.map(() => fc.record({ pick: fc.nat(), odd: sometimes(4, fc.constantFrom(...ODD_IDS), fc.constant(null)) }))),
		query: queryOf(schemas, target),
		bearer: fc.record({ pick: fc.nat(), kind: fc.constantFrom<'none' | 'known' | 'odd'>('none', 'known', 'known', 'known', 'odd') }),
		contentType: json
			? sometimes(20, fc.constantFrom(...TYPES), fc.constant('application/json'))
			: sometimes(3, fc.constantFrom(...TYPES), fc.constant(null)),
		body: json
			? jsonText(schemas, target, json)
			: bytes
				? fc.oneof(
						fc.jsonValue().map((value) => JSON.stringify(value)),
						fc.string(),
					)
				: fc.constant(null),
	})
}

/** Once in `n` the first, else the second. */
const sometimes = <A, B>(n: number, rare: Arbitrary<A>, usual: Arbitrary<B>): Arbitrary<A | B> =>
	fc.oneof({ weight: 1, arbitrary: rare }, { weight: n - 1, arbitrary: usual })

/** Keys that hold an answer back, which is what they are for: a stream that follows never ends. */
const HOLDING = ['follow', 'wait']

function queryOf(schemas: { [name: string]: Schema }, { path, operation }: Target): Arbitrary<(readonly [string, string])[]> {
	const known = operation.parameters.filter((parameter) => parameter.in === 'query' && !HOLDING.includes(parameter.name))
	const drawn = known.map(({ name, schema, example, required }) => {
		const value = sometimes(
			5,
			fc.constantFrom('', '-1', '1e9', 'x', '\u0000', '%', 'é'),
			fc.oneof(fc.constant(example ?? ''), arbitraryOf(schemas, schema as Schema, name)).map(String),
		)
		return fc.tuple(fc.boolean(), value).map(([isThere, text]) => (isThere || required ? [[name, text] as const] : []))
	})
	const ends = path.startsWith('/v1/events') ? [['follow', 'false'] as const] : []
	return fc.tuple(...drawn).map((pairs) => [...pairs.flat(), ...ends])
}

function jsonText(
	schemas: { [name: string]: Schema },
	target: Target,
	{ schema, example }: { schema: Schema; example?: unknown },
): Arbitrary<string | null> {
	const valid = sometimes(2, fc.constant(example), arbitraryOf(schemas, schema))
	const value = sometimes(2, valid.chain(mutated), valid).map((drawn) => JSON.stringify(bounded(target, drawn)) ?? '')
	// What can be read after all is a launch that is waited for.
	const broken = mayWait(target) ? ['{', '[1,]', '\u0000'] : brokenTexts
	return sometimes(15, fc.oneof(fc.constantFrom(...broken), fc.constant('x'.repeat(2 ** 21 + 1))), value)
}

const mayWait = ({ method, path }: Target): boolean => method === 'post' && (path === '/v1/tasks' || path === '/v1/tasks/{id}/runs')

/** A launch that waits must not wait for long: that is what it is asked for, and no fault. */
function bounded(target: Target, body: unknown): unknown {
	const waits = mayWait(target)
	if (!waits || typeof body !== 'object' || body === null || Array.isArray(body)) return waits && body == null ? { detach: true } : body
	const { timeout_secs, detach } = body as { timeout_secs?: unknown; detach?: unknown }
	return detach === true || timeout_secs === 1 ? body : { ...body, ...(timeout_secs == null ? { timeout_secs: 1 } : {}) }
}
