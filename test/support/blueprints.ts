import type { Json, JsonObject } from '../../src/kernel/json.ts'

/** Short spellings for Blueprints in tests. */
export const path = (at: string): JsonObject => ({ op: 'path', at })
export const lit = (value: Json): JsonObject => ({ op: 'lit', value })
export const step = (ref: string, input: Json, out: string): JsonObject => ({ kind: 'step', ref, in: input, out: path(out) })
export const seq = (...children: JsonObject[]): JsonObject => ({ kind: 'seq', children })
export const assign = (at: string, value: JsonObject): JsonObject => ({ kind: 'assign', at: path(at), value })
export const loop = (max: number, body: JsonObject, counter = '$.n'): JsonObject => ({
	kind: 'loop',
	counter: path(counter),
	cond: lit(true),
	max,
	body,
})
export const fanout = (items: Json, join: string, body: JsonObject, out: string): JsonObject => ({
	kind: 'fanout',
	items: lit(items),
	bind: path('$.item'),
	body,
	join,
	out: path(out),
})
export const attempt = (body: JsonObject, onError: JsonObject, errAt: string | null = null): JsonObject => ({
	kind: 'try',
	body,
	catch: onError,
	err_at: errAt === null ? null : path(errAt),
})

/** A Blueprint whose agents are functions of the same name as their `fn_id`. */
export function blueprintOf(flow: JsonObject, functions: readonly string[], over: JsonObject = {}): JsonObject {
	const agents = functions.map((name) => ({ name, kind: 'rust_fn', spec: { fn_id: name } }))
	return { id: 'test', flow, agents, ...over }
}
