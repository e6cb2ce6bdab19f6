import { afterAll, describe, expect, test } from 'bun:test'
import type { Attempt } from '../../../src/core/dispatch/backend.ts'
import type { Json } from '../../../src/kernel/json.ts'
import { verifies } from '../../support/verifies.ts'
import { luaWorld } from './lua-world.ts'

const world = luaWorld()
afterAll(() => world[Symbol.asyncDispose]())
const { resultOf, failureOf, perform, performSpec } = world

describe('what a script is told', () => {
	test('its prompt as text, and as a value where it is JSON', async () => {
		verifies('06.31')
		expect(await resultOf('return { _PROMPT, _CTX.a.b }', { prompt: '{"a": {"b": 7}}' })).toEqual(['{"a": {"b": 7}}', 7])
		expect(await resultOf('return { _PROMPT, _CTX.a }', { prompt: { b: 1, a: 2 } })).toEqual(['{"a":2,"b":1}', 2])
		expect(await resultOf('return _CTX == nil', { prompt: 'plain words' })).toBe(true)
	})

	test('who it is: agent, step and attempt', async () => {
		expect(await resultOf('return { _AGENT, _TASK_ID, _ATTEMPT, math.type(_ATTEMPT) }', { n: 3 })).toEqual([
			'worker',
			'ST-00000000000000aa',
			3,
			'integer',
		])
	})

	test('the context of its task, with what the Blueprint adds among it', async () => {
		const context: Attempt['context'] = { work_dir: '/w', task_metadata: { ticket: 5 }, extra: { colour: 'red' } }
		expect(await resultOf('return { _TASK_METADATA.ticket, _AGENT_CTX.work_dir, _AGENT_CTX.colour }', { context })).toEqual([
			5,
			'/w',
			'red',
		])
		expect(await resultOf('return { _TASK_METADATA == nil, next(_AGENT_CTX) == nil }')).toEqual([true, true])
	})
})

describe('what a script returns', () => {
	const finals: readonly [string, Json, boolean][] = [
		['return { value = 1 }', 1, true],
		['return { value = 1, ok = false }', 1, false],
		['return { value = null, ok = true }', null, true],
		['return { ok = false, why = "no" }', { ok: false, why: 'no' }, false],
		['return { value = 1, ok = "no" }', 1, true],
		['return { other = 1 }', { other: 1 }, true],
		['return "text"', 'text', true],
		['return', null, true],
		['local x = 1', null, true],
		['1 + 1', 2, true],
		['return 1, 2', 1, true],
	]
	for (const [source, value, ok] of finals)
		test(`${source} is ${JSON.stringify(value)}, ${ok ? 'passed' : 'blocked'}`, async () => {
			expect((await perform(source)).final).toEqual({ value, ok })
		})
})

describe('Lua values as JSON', () => {
	const values: readonly [string, Json][] = [
		['return 3', 3],
		['return 3.0', 3],
		['return 0.1', 0.1],
		['return -2^53', -(2 ** 53)],
		['return 1e300', 1e300],
		['return { 0/0, 1/0 }', [null, null]],
		['return {}', []],
		['return setmetatable({}, { __jsontype = "object" })', {}],
		['return { 1, nil, 3 }', [1, null, 3]],
		['return { ["a\\0b"] = "\\1\\"\\\\\\127ü" }', { 'a\0b': '\x01"\\\x7fü' }],
		['return setmetatable({ 1 }, { __index = error, __pairs = error, __len = error })', [1]],
	]
	for (const [source, value] of values)
		test(`${source} is ${JSON.stringify(value)}`, async () => expect(await resultOf(source)).toEqual(value))

	test('a prompt comes back as it was, empty lists and objects and nulls too', async () => {
		const prompt = { list: [], object: {}, none: null, deep: [[{ a: [null] }]], text: 'ü\n"\\u0041\u0000', number: -1.5e-7, yes: true }
		expect(await resultOf('_CTX', { prompt })).toEqual(prompt)
	})

	const refused: readonly [string, string][] = [
		['return print', 'a function cannot be JSON'],
		['return { coroutine.create(print) }', 'a thread cannot be JSON'],
		['return { 1, a = 2 }', 'a table has both list items and named members'],
		['return { [1.5] = 1 }', 'a table has a key of type number'],
		['return { [1000000] = 1 }', 'a list has more holes than items'],
		['return "\\xff"', 'a string is not UTF-8'],
		['return 2^53 // 1 | 1', 'the integer 9007199254740993 is beyond 2^53'],
		['local t = {} t.t = t return t', 'tables are nested deeper than 200 levels'],
	]
	for (const [source, message] of refused)
		test(`${source}: ${message}`, async () => expect(await failureOf(source)).toStartWith(`lua → json [worker.lua]: ${message}`))
})

describe('a script that fails', () => {
	test('says which one and where, under its label', async () => {
		expect(await failureOf('local x = 1\nerror("no luck")')).toBe('lua eval [worker.lua]: worker.lua:2: no luck')
		expect(await failureOf('x = = 1')).toStartWith('lua eval [worker.lua]: worker.lua:1: unexpected symbol')
		await expect(performSpec({ source: 'error("x")', label: 'check' })).rejects.toThrow('lua eval [check]: check:1: x')
	})

	test('with anything but text shows it as JSON, or what it is', async () => {
		expect(await failureOf('error({ code = 7 })')).toBe('lua eval [worker.lua]: {"code":7}')
		expect(await failureOf('error(print)')).toBe('lua eval [worker.lua]: (an error that is a function)')
	})
})

describe('a spec of a script', () => {
	test('needs a source or the id of a registered script', async () => {
		await expect(performSpec({})).rejects.toThrow("lua spec: 'fn_id' (string) required")
		await expect(performSpec({ fn_id: 'nope' })).rejects.toThrow("fn_id 'nope' not registered in factory")
	})

	test('runs a registered script by its id, but its own source wins', async () => {
		world.host.registerScript('double', 'return _CTX * 2')
		expect((await performSpec({ fn_id: 'double' }, { prompt: 21 })).final?.value).toBe(42)
		expect((await performSpec({ fn_id: 'double', source: 'return "mine"' })).final?.value).toBe('mine')
	})
})

describe('host functions', () => {
	test('take and give JSON, and are absent where there are none', async () => {
		await using own = luaWorld()
		expect(await own.resultOf('return host == nil')).toBe(true)
		own.register({ swap: async (pair) => (Array.isArray(pair) ? [...pair].reverse() : pair) })
		expect(await own.resultOf('return host.swap({ 1, { a = host.swap({}) } })')).toEqual([{ a: [] }, 1])
	})

	test('that throw raise in the script, which may catch it', async () => {
		await using own = luaWorld()
		own.register({
			refuse: () => {
				throw new Error('not today')
			},
		})
		expect(await own.resultOf('local ok, message = pcall(host.refuse) return { ok, message }')).toEqual([false, 'not today'])
		expect(await own.failureOf('local x = host.refuse(1)')).toBe('lua eval [worker.lua]: worker.lua:1: not today')
	})

	test('refuse an argument that is no JSON before they are called', async () => {
		await using own = luaWorld()
		const asked: Json[] = []
		own.register({ note: (argument) => asked.push(argument) })
		expect(await own.failureOf('host.note(print)')).toEndWith('host.note: the argument: a function cannot be JSON')
		expect(asked).toEqual([])
	})

	test('registered after a script are not seen by it', async () => {
		await using own = luaWorld()
		own.register({ early: () => 1 })
		own.host.registerScript('s', 'return { host.early() == 1, host.late == nil }')
		own.register({ late: () => 2 })
		expect((await own.performSpec({ fn_id: 's' })).final?.value).toEqual([true, true])
		expect(await own.resultOf('return host.late()')).toBe(2)
	})
})

test('nothing of one script is left for the next, in the same process', async () => {
	await using own = luaWorld({ processes: 1 })
	expect(await own.resultOf('secret = 1 string.format = nil setmetatable(_G, { __index = error }) return 1')).toBe(1)
	const [pid] = own.processes()
	expect(await own.resultOf('return { secret == nil, string.format("%d", 2), getmetatable(_G) == nil }')).toEqual([true, '2', true])
	expect(own.processes()).toEqual([pid ?? 0])
})
