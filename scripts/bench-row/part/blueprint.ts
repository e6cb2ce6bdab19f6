import type { Json } from '../../../src/kernel/json.ts'

const path = (at: string): Json => ({ op: 'path', at })
const lit = (value: Json): Json => ({ op: 'lit', value })

/** A flow over the functions every server has; agents have the names of their functions. */
export function blueprintOf(id: string, flow: Json): Json {
	const agents = ['echo', 'sleep'].map((name) => ({ name, kind: 'rust_fn', spec: { fn_id: name } }))
	return { id, flow, agents }
}

/** A flow whose one agent is whoever sits on the one seat. */
export function operatorBlueprint(id: string, flow: Json): Json {
	const agents = [{ name: 'writer', kind: 'operator', spec: { operator_ref: 'main' } }]
	return { id, flow, agents, operators: [{ name: 'main' }] }
}

export const step = (ref: string, input: Json, out: string): Json => ({ kind: 'step', ref, in: lit(input), out: path(out) })
export const seq = (...children: Json[]): Json => ({ kind: 'seq', children })

/** `body` so many times, one after the other. */
export function chain(times: number, body: Json): Json {
	return { kind: 'loop', counter: path('$.n'), cond: lit(true), body, max: times }
}

/** `body` in so many lanes, all of which must pass. */
export function fanOut(lanes: number, body: Json): Json {
	const items = lit(Array.from({ length: lanes }, (_, lane) => lane))
	return { kind: 'fanout', items, bind: path('$.item'), body, join: 'all', out: path('$.results') }
}
