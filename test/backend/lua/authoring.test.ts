import { describe, expect, test } from 'bun:test'
import { buildBlueprint } from '../../../src/backend/lua/authoring.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { verifies } from '../../support/verifies.ts'
import { luaWorld } from './lua-world.ts'

const LIMITS = { clock: systemClock, timeoutMs: 20_000, memoryBytes: 2 ** 24, outputBytes: 2 ** 20 }
const HEAD = "local F, B = require 'flow_dsl', require 'bp_dsl'\n"

async function build(source: string, over: Partial<typeof LIMITS> = {}) {
	await using world = luaWorld()
	return await buildIn(world, source, over)
}

/** Many scripts in one world share a process. */
const buildIn = ({ pool }: ReturnType<typeof luaWorld>, source: string, over: Partial<typeof LIMITS> = {}) =>
	buildBlueprint({ ...LIMITS, pool, ...over }, { source, label: 'my.bp.lua' })

const flowOf = async (source: string) => ((await build(`${HEAD}return { id = 'x', flow = ${source} }`)).document as JsonObject).flow

/** What each Lua text is as the value of an assignment. */
async function valuesOf(sources: readonly string[]): Promise<unknown[]> {
	const nodes = sources.map((source) => `F.assign { at = '$.x', value = ${source} }`)
	const { children } = (await flowOf(`F.seq { ${nodes.join(', ')} }`)) as { children: JsonObject[] }
	return children.map(({ value }) => value)
}

const path = (at: string) => ({ op: 'path', at })
const lit = (value: unknown) => ({ op: 'lit', value })
const step = (ref: string, input: string, out: string) => ({ kind: 'step', ref, in: path(input), out: path(out) })
const seq = (...children: unknown[]) => ({ kind: 'seq', children })
const verdict = (at: string, value: string) => ({ op: 'eq', lhs: path(`${at}.parts["verdict"]`), rhs: lit(value) })
const halt = (stage: string) => ({ kind: 'assign', at: path('$.halted_at'), value: lit(stage) })

describe('flow_dsl', () => {
	test('has every expression; whatever is no expression stands for itself', async () => {
		const cases: [string, unknown][] = [
			['F.p "$.a"', path('$.a')],
			['"$.a"', lit('$.a')],
			['F.lit { 1, 2 }', lit([1, 2])],
			['{}', lit([])],
			['F.obj()', lit({})],
			['F.p "$.a":eq(1)', { op: 'eq', lhs: path('$.a'), rhs: lit(1) }],
			['F.p "$.a":gte(F.p "$.b")', { op: 'gte', lhs: path('$.a'), rhs: path('$.b') }],
			['F.p "$.a":And(true)', { op: 'and', args: [path('$.a'), lit(true)] }],
			['F.any { F.p "$.a", false }', { op: 'or', args: [path('$.a'), lit(false)] }],
			['F.p "$.a":exists():Not()', { op: 'not', arg: { op: 'exists', arg: path('$.a') } }],
			['F.p "$.a":contains "x"', { op: 'in', needle: lit('x'), haystack: path('$.a') }],
			['1 + F.p "$.a" % 2', { op: 'add', lhs: lit(1), rhs: { op: 'mod', lhs: path('$.a'), rhs: lit(2) } }],
			['F.call_extern("now", { 1 })', { op: 'call_extern', ref: 'now', args: [lit(1)] }],
			['F.raw { op = "len", arg = { op = "path", at = "$.a" } }', { op: 'len', arg: path('$.a') }],
			['null', lit(null)],
		]
		expect(await valuesOf(cases.map(([source]) => source))).toEqual(cases.map(([, expr]) => expr))
	})

	test('has every node', async () => {
		expect(
			await flowOf(`F.seq {
			F.step { agent = 'a', input = F.p '$.in', out = '$.out', id = 'gone' },
			F.loop_ { counter = '$.n', cond = F.p '$.n':lt(3), max = 5, body = F.seq {} },
			F.fanout { items = { 1 }, bind = '$.i', body = F.seq {}, join = 'race', out = '$.o' },
			F.try_ { body = F.seq {}, catch = F.assign { at = '$.e', value = 1 }, err_at = '$.why' },
			F.branch { cond = true, on_true = F.seq {} },
		}`),
		).toEqual(
			seq(
				step('a', '$.in', '$.out'),
				{ kind: 'loop', counter: path('$.n'), cond: { op: 'lt', lhs: path('$.n'), rhs: lit(3) }, max: 5, body: seq() },
				{ kind: 'fanout', items: lit([1]), bind: path('$.i'), body: seq(), join: 'race', out: path('$.o') },
				{ kind: 'try', body: seq(), catch: { kind: 'assign', at: path('$.e'), value: lit(1) }, err_at: path('$.why') },
				{ kind: 'branch', cond: lit(true), then: seq(), else: seq() },
			) as never,
		)
	})
})

describe('a pipeline', () => {
	test('runs its stages in order; each reads its own place, or what the stage before wrote', async () => {
		verifies('06.116')
		const stages = 'B.stage "plan" { agent = "p" }, B.stage "build" { agent = "b" }'
		expect(await flowOf(`B.pipeline { ${stages}, done = '$.done' }`)).toEqual(
			seq(
				step('p', '$.d.plan', '$.plan'),
				seq(step('b', '$.d.build', '$.build'), { kind: 'assign', at: path('$.done'), value: lit(true) }),
			) as never,
		)
		expect(await flowOf(`B.pipeline { ${stages}, chain = true }`)).toEqual(
			seq(step('p', '$.d.plan', '$.plan'), seq(step('b', '$.plan', '$.build'), seq())) as never,
		)
	})

	test('halts at a gate, whose name is left behind', async () => {
		expect(await flowOf(`B.pipeline { B.stage "review" { agent = "r", halt_on = { "BLOCKED" } } }`)).toEqual(
			seq(step('r', '$.d.review', '$.review'), {
				...{ kind: 'branch', cond: verdict('$.review', 'BLOCKED'), then: halt('review'), else: seq() },
			}) as never,
		)
		const two = await flowOf(`B.pipeline { halt_on = { "A", "B" }, gate_default = 'auto', B.stage "r" { agent = "r" } }`)
		expect(two).toMatchObject({ children: [{}, { cond: { op: 'or', args: [verdict('$.r', 'A'), verdict('$.r', 'B')] } }] })
	})

	test('asks the value itself where the verdict is the body', async () => {
		const flow = await flowOf(`B.pipeline { channel = 'body', B.stage "r" { agent = "r", halt_on = { "BLOCKED" } } }`)
		expect(flow).toMatchObject({ children: [{}, { cond: { op: 'eq', lhs: path('$.r'), rhs: lit('BLOCKED') } }] })
	})

	test('mends and tries again, at most so often', async () => {
		const flow = await flowOf(`B.pipeline { halt_on = { "BLOCKED" },
			B.stage "check" { agent = "c", retry = { max = 2, fix = B.stage "mend" { agent = "m", input = B.from "check" } } } }`)
		const cond = { op: 'and', args: [{ op: 'lt', lhs: path('$.check_n'), rhs: lit(2) }, verdict('$.check', 'BLOCKED')] }
		const body = seq(step('m', '$.check', '$.mend'), step('c', '$.d.check', '$.check'))
		expect(flow).toEqual(
			seq(
				step('c', '$.d.check', '$.check'),
				{ kind: 'loop', counter: path('$.check_n'), cond, max: 3, body },
				{ kind: 'branch', cond: verdict('$.check', 'BLOCKED'), then: halt('check'), else: seq() },
			) as never,
		)
	})

	test('leaves a stage out where the one before said so', async () => {
		const flow = await flowOf(`B.pipeline { chain = true, B.stage "a" { agent = "a" }, B.stage "b" { agent = "b", skip_on = { "SKIP" } } }`)
		const cond = { op: 'in', needle: path('$.a.parts["verdict"]'), haystack: lit(['SKIP']) }
		expect(flow).toMatchObject({
			children: [{}, { children: [{ kind: 'branch', cond, then: seq(), else: seq(step('b', '$.a', '$.b')) }, seq()] }],
		})
	})

	test('fans out over items with one agent, or over lanes with their own', async () => {
		expect(await flowOf(`B.pipeline { B.stage "f" { input = '$.items', fanout = { agent = "a" } } }`)).toMatchObject({
			children: [
				{
					...{ kind: 'fanout', items: path('$.items'), bind: path('$.item'), join: 'all', out: path('$.f') },
					body: step('a', '$.item', '$.branch_out'),
				},
				seq(),
			],
		})
		const lanes = await flowOf(
			`B.pipeline { B.stage "f" { fanout = { join = 'any', lanes = { "x", { lane = "y", agent = "why", input = '$.q', out = '$.z' } } } } }`,
		)
		const cond = { op: 'eq', lhs: path('$.item'), rhs: lit('x') }
		expect(lanes).toMatchObject({
			children: [
				{
					items: lit(['x', 'y']),
					join: 'any',
					body: { kind: 'branch', cond, then: step('x', '$.d.x', '$.lane.x'), else: step('why', '$.q', '$.z') },
				},
				seq(),
			],
		})
	})

	test('warns of gates that cannot work', async () => {
		const { warnings } = await build(`${HEAD}return { flow = B.pipeline { halt_on = { "B" },
			B.stage "f" { fanout = { agent = "a" }, gate = true } }, other = B.pipeline { halt_on = { "B" }, B.stage "p" { agent = "p" } } }`)
		expect(warnings).toEqual([
			'my.bp.lua:3: bp_dsl: stage "f": a gate on a fanout compares the joined list',
			'my.bp.lua:3: bp_dsl: halt_on has B, but no stage is a gate: the pipeline can never halt',
		])
	})
})

describe('a script', () => {
	test('gives agents from files, and says which line made what', async () => {
		const { document, lines } = await build(`${HEAD}return B.bp {
	id = 'x',
	agents = { B.agent { md = 'coder.md', kind = 'operator' } },
	flow = F.seq {
		F.step { agent = 'coder', input = 1, out = '$.a' },
	},
}`)
		expect(document).toMatchObject({ agents: [{ $agent_md: 'coder.md', kind: 'operator' }] })
		expect(lines).toEqual({ '$.agents[0]': 4, '$.flow': 5, '$.flow.children[0]': 6 })
	})

	test('that fails says where: file and line', async () => {
		const cases: [string, string][] = [
			['return {', 'my.bp.lua:1: unexpected symbol near <eof>'],
			['local a\nreturn a.b', "my.bp.lua:2: attempt to index a nil value (local 'a')"],
			['return 1', 'my.bp.lua: it has to return a Blueprint: return B.bp { id = …, flow = …, agents = … }'],
			[`${HEAD}return { F.step { input = 1, out = '$.a' } }`, 'my.bp.lua:2: flow_dsl: F.step needs `agent`'],
			[`${HEAD}local s = F.p(1)`, 'my.bp.lua:2: flow_dsl: F.p takes the text of a path, such as "$.goal"'],
			[`${HEAD}\nlocal s = F.seq { 1 }`, 'my.bp.lua:3: flow_dsl: F.seq: item 1 is a number and no node'],
			["require 'socket'", "my.bp.lua:1: there is no module 'socket'"],
			['return { f = print }', 'my.bp.lua: a function cannot be JSON'],
		]
		await using world = luaWorld()
		for (const [source, message] of cases) await expect(buildIn(world, source)).rejects.toMatchObject({ code: 'script_failed', message })
	})

	test('with a stage that makes no sense says which', async () => {
		const cases: [string, string][] = [
			['agent = "a", fanout = {}', 'stage "s" has both agent and fanout'],
			['fanout = { agent = "a" }, retry = { max = 1 }', 'stage "s": a fanout cannot be retried'],
			['fanout = {}', 'stage "s": fanout needs either agent or lanes'],
			['fanout = { agent = "a", lanes = { "x" } }', 'stage "s": fanout needs either agent or lanes'],
			['fanout = { agent = "a", join = "some" }', 'stage "s": join has to be all, any, race or all_settled'],
			['fanout = { lanes = {} }', 'stage "s": lanes has to be a list with a lane at least'],
			['fanout = { lanes = { { agent = "a" } } }', 'stage "s": lane 1 has no name'],
			['agent = "a", input = B.from "t"', 'B.from("t") references an undefined stage'],
			['agent = "a", gate = true', 'stage "s" is a gate without halt_on'],
			['agent = "a", retry = { max = 0 }', 'stage "s": retry needs max, a whole number from 1 on'],
			['', 'stage "s" needs an agent or a fanout'],
		]
		await using world = luaWorld()
		for (const [fields, message] of cases)
			await expect(buildIn(world, `${HEAD}return B.pipeline {\nB.stage "s" { ${fields} } }`)).rejects.toThrow(
				`my.bp.lua:3: bp_dsl: ${message}`,
			)
		await expect(build(`${HEAD}return B.pipeline { gate_default = 'no' }`)).rejects.toThrow('my.bp.lua: bp_dsl: gate_default has to be')
	})

	test('that does not end is ended', async () => {
		await expect(build('while true do end', { timeoutMs: 300 })).rejects.toThrow('my.bp.lua: it did not end within 300 ms')
	})
})
