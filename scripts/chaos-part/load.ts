import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { CHECKOUT } from '../../test/e2e/support/binary.ts'

/** One thing to have the server do, and what must come of it whatever happens meanwhile. */
export interface Load {
	readonly name: string
	readonly blueprint: object
	readonly initCtx: object
	/** The ctx at the end; a function where more than one is right. Null: the run is cancelled on its way. */
	readonly expected: unknown
	/** Stored under its id first and launched from there. */
	readonly byId?: boolean
}

/** `n` makes each one different from all others. `folder` is a place for its children, if it has any. */
export type LoadKind = (n: number) => Load

const path = (at: string) => ({ op: 'path', at })
const lit = (value: unknown) => ({ op: 'lit', value })
const step = (ref: string, input: object, out: string) => ({ kind: 'step', ref, in: input, out: path(out) })
const seq = (...children: object[]) => ({ kind: 'seq', children })
const echo = { name: 'echo', kind: 'rust_fn', spec: { fn_id: 'echo' } }
const nap = { name: 'nap', kind: 'rust_fn', spec: { fn_id: 'sleep' } }
const lane = (env: object = {}) => ({ name: 'lane', kind: 'subprocess', spec: { program: '/bin/sh', args: ['lane.sh'], env } })
/** Whoever holds main-ai answers with what `says` holds. */
const asked = (name: string, says: string) => ({
	...{ name, kind: 'operator', spec: { operator_ref: 'main-ai' } },
	profile: { system_prompt: `Always reply \`${says}\`` },
})
const operators = [{ name: 'main-ai' }]

/** A chain of functions, one of which takes a moment. */
const functions: LoadKind = (n) => {
	const expected = { a: n, b: n, p: { slept_ms: 20 }, c: n }
	const flow = seq(
		step('echo', lit(n), '$.a'),
		step('echo', path('$.a'), '$.b'),
		step('nap', lit(20), '$.p'),
		step('echo', path('$.b'), '$.c'),
	)
	return { name: 'functions', blueprint: { id: 'functions', flow, agents: [echo, nap] }, initCtx: {}, expected }
}

/** Children side by side, then one more. */
const children: LoadKind = (n) => {
	const body = step('lane', path('$'), '$.made')
	const items = ['a', 'b', 'c']
	const fanout = { kind: 'fanout', items: lit(items), bind: path('$.item'), body, join: 'all', out: path('$.all') }
	const all = items.map((item) => ({ n, item, made: `made of ${item}` }))
	const flow = seq(fanout, step('lane', lit({ item: 'z', round: 1 }), '$.last'))
	return {
		name: 'children',
		blueprint: { id: 'children', flow, agents: [lane()] },
		initCtx: { n },
		expected: { n, all, last: 'made of z' },
	}
}

/** Two workers over HTTP after one another. Their parts are in what they say. */
const workers: LoadKind = (n) => {
	const flow = seq(step('first', lit(`look ${n}`), '$.first'), step('second', path('$.first'), '$.second'))
	const said = (text: string) => ({ out: text, parts: { note: `note of ${text}` } })
	const [one, two] = [`one ${n}`, `two ${n}`]
	const blueprint = { id: 'workers', flow, agents: [asked('first', one), asked('second', two)], operators }
	return { name: 'workers', blueprint, initCtx: {}, expected: { first: said(one), second: said(two) } }
}

/** A value that is too large for a row. */
const large: LoadKind = (n) => {
	const big = `${n} `.repeat(300_000 / `${n} `.length)
	const flow = seq(step('echo', path('$.big'), '$.copy'), step('nap', lit(5), '$.p'))
	const expected = { big, copy: big, p: { slept_ms: 5 } }
	return { name: 'large', blueprint: { id: 'large', flow, agents: [echo, nap] }, initCtx: { big }, expected }
}

/** A step that fails and is caught, in a loop. */
const caught: LoadKind = (n) => {
	const ask = { kind: 'try', body: step('lane', lit({ item: 'd', round: 0 }), '$.never'), catch: step('echo', lit(n), '$.caught') }
	const flow = { kind: 'loop', counter: path('$.round'), cond: lit(true), max: 2, body: ask }
	return { name: 'caught', blueprint: { id: 'caught', flow, agents: [lane(), echo] }, initCtx: {}, expected: { round: 2, caught: n } }
}

/** A child that works for long, and is called off. */
const calledOff: LoadKind = () => {
	const flow = step('lane', lit({ item: 'a', round: 1 }), '$.never')
	const blueprint = { id: 'called-off', flow, agents: [lane({ ALL_SECS: '10' })] }
	return { name: 'called-off', blueprint, initCtx: {}, expected: null }
}

/** A new version of a stored Blueprint, launched by its id. */
const stored: LoadKind = (n) => ({
	name: 'stored',
	blueprint: {
		id: `stored-${n % 5}`,
		flow: step('echo', lit('stored'), '$.said'),
		agents: [echo],
		metadata: { description: `version ${n}` },
	},
	initCtx: {},
	expected: { said: 'stored' },
	byId: true,
})

/** Two steps that somebody has to allow. */
const granted: LoadKind = (n) => {
	const policy = { approve: 'before_spawn' }
	const flow = seq(step('echo', lit(n), '$.a'), step('lane', lit({ item: 'a', round: 1 }), '$.made'))
	const agents = [echo, lane()].map((agent) => ({ ...agent, policy }))
	return { name: 'granted', blueprint: { id: 'granted', flow, agents }, initCtx: {}, expected: { a: n, made: 'made of a' } }
}

/** Each is drawn as often as it stands here. */
export const loads: readonly LoadKind[] = [functions, children, workers, workers, large, caught, calledOff, stored, granted, granted]

/** A folder of its own for the children of one run. */
export function childFolder(place: string, n: number): string {
	const folder = join(place, String(n))
	mkdirSync(folder, { recursive: true })
	copyFileSync(join(CHECKOUT, 'test/fixture/program/lane.sh'), join(folder, 'lane.sh'))
	return folder
}
