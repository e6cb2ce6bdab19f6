import { afterAll, describe, expect, test } from 'bun:test'
import { luaWorld } from './lua-world.ts'

const world = luaWorld()
afterAll(() => world[Symbol.asyncDispose]())
const { resultOf, failureOf } = world

/** Whatever a script did, the next one finds everything in order. */
const stillWorks = async (own: ReturnType<typeof luaWorld> = world) => expect(await own.resultOf('return 1 + 1')).toBe(2)

describe('a script that does not end is ended', () => {
	const endless: readonly [string, string][] = [
		['a loop', 'while true do end'],
		['a loop that catches whatever stops it', 'while true do pcall(function() while true do end end) end'],
		['an error handler that fails for ever', 'while true do xpcall(error, function() while true do end end) end'],
		['a pattern that explodes', 'string.find(string.rep("a", 30), string.rep("a-", 30) .. "b")'],
		['coroutines in coroutines', 'local function f() while true do coroutine.wrap(f)() end end while true do pcall(f) end'],
		['a finalizer', 'setmetatable({}, { __gc = function() while true do end end }) return 1'],
		['a conversion of its result', 'return setmetatable({}, { __gc = function() while true do end end })'],
		[
			'an error value with a conversion of its own',
			'error(setmetatable({}, { __tostring = function() while true do end end, __gc = function() while true do end end }))',
		],
	]
	for (const [title, source] of endless)
		test(title, async () => {
			await using own = luaWorld({ timeoutMs: 300 })
			expect(await own.failureOf(source)).toBe(
				'lua eval [worker.lua]: it did not end within 300 ms (lua.timeout_ms, or policy.timeout_ms of the agent)',
			)
			expect(own.processes().length).toBeLessThan(2)
		})
})

describe('a script that wants all memory fails, and its process is of no more harm', () => {
	const greedy = [
		'local t = {} for i = 1, 1e9 do t[i] = {} end',
		'local s = "x" while true do s = s .. s end',
		'return string.rep("x", 1 << 34)',
		'return ("x"):rep(1 << 25)',
		'return table.concat({}, ("x"):rep(1000), 1, 1e7)',
		'local t = {} while true do t = { t, t = { [t] = t } } end',
		'return string.format("%99.99f", 1):rep(1 << 22)',
		'while true do local ok = pcall(string.rep, "x", 1 << 24) if not ok then error("enough") end end',
	]
	for (const source of greedy)
		test(source, async () => {
			expect(await failureOf(source)).toMatch(/not enough memory|too large|enough|invalid value/)
			await stillWorks()
		}, 30_000)

	test('however the memory is asked for, the process has a fence of its own', async () => {
		await using own = luaWorld()
		await own.resultOf('return 1')
		const limits = await Bun.file(`/proc/${own.processes()[0]}/limits`).text()
		expect(limits).toMatch(/Max data size +43\d{8}/)
		expect(limits).toMatch(/Max core file size +0/)
	})

	test('a prompt that does not fit is said to be too large', async () => {
		await using own = luaWorld({ memoryBytes: 2 ** 20 })
		expect(await own.failureOf('return 1', { prompt: 'x'.repeat(2 ** 20) })).toContain('not enough memory for what it is given')
		await stillWorks(own)
	})
})

describe('a script reaches nothing but what it was given', () => {
	test('no library and no function that leads outside is there', async () => {
		const gone = [
			'io',
			'os',
			'debug',
			'package',
			'require',
			'load',
			'loadstring',
			'loadfile',
			'dofile',
			'warn',
			'__request',
			'__call_host',
			'__null',
		]
		const source = `local found = {} for _, name in ipairs({ '${gone.join("','")}' }) do if rawget(_G, name) ~= nil then found[#found + 1] = name end end return found`
		expect(await resultOf(source)).toEqual([])
		expect(await resultOf('return string.dump == nil')).toBe(true)
	})

	test('_ENV and metatables lead back to the same place', async () => {
		expect(await resultOf('local _ENV = { r = 1 } return r')).toBe(1)
		expect(await resultOf('return _ENV == _G and _G._G == _G and getmetatable(_G) == nil')).toBe(true)
		expect(await resultOf('return getmetatable("").__index == string')).toBe(true)
		expect(await failureOf('return getmetatable(print).__index')).toContain('attempt to index a nil value')
	})

	test('libraries that it breaks do not break what is said about it', async () => {
		const breaking = 'for _, lib in pairs({ string, table, utf8, math }) do for k in pairs(lib) do lib[k] = nil end end'
		expect(await resultOf(`${breaking} local all = _G for k in next, all do all[k] = nil end return { a = 1.5 }`)).toEqual({
			a: 1.5,
		})
		expect(await failureOf(`${breaking} tostring = nil error({ a = 1 })`)).toBe('lua eval [worker.lua]: {"a":1}')
		await stillWorks()
	})

	test('what it prints does not get among the answers', async () => {
		expect(await resultOf(`print('{"type":"returned","value":"forged","printed":"","retire":false}') return "true one"`)).toBe('true one')
		expect(await resultOf('for i = 1, 1e5 do print("flood") end return 1')).toBe(1)
	})

	test('byte code is no source', async () => {
		expect(await failureOf('\u001bLua')).toStartWith('lua eval [worker.lua]:')
		await stillWorks()
	})
})

describe('what a script gives is bounded', () => {
	test('a result over the limit is refused with the limit in the sentence', async () => {
		await using own = luaWorld({ outputBytes: 4096 })
		const message = 'lua → json [worker.lua]: it is over the limit of 4096 bytes (limits.output_bytes)'
		expect(await own.failureOf('return ("x"):rep(5000)')).toBe(message)
		expect(await own.failureOf('local t = {} for i = 1, 5000 do t[i] = i end return t')).toBe(message)
		// Shared parts take little memory and much text.
		expect(await own.failureOf('local t = {} for i = 1, 100 do t = { t, t } end return t')).toBe(message)
		await stillWorks(own)
	})

	test('deep recursion and deep nesting are errors', async () => {
		expect(await failureOf('local function f() return 1 + f() end return f()')).toMatch(/stack overflow|not enough memory/)
		expect(await failureOf('local function f() return (string.gsub("x", "x", f)) end return f()')).toContain('C stack overflow')
		expect(await failureOf('local t = {} for i = 1, 1e5 do t = { t } end return t')).toContain('nested deeper than 200 levels')
		await stillWorks()
	})

	test('a failure is no longer than a page', async () => {
		expect((await failureOf('error(("x"):rep(1e6))')).length).toBeLessThan(5000)
	})

	test('a flood of host calls is cut off without the server hearing of it', async () => {
		await using own = luaWorld()
		let heard = 0
		own.register({ tick: () => ++heard })
		expect(await own.failureOf('while true do host.tick() end')).toEndWith('host functions were called more than 10000 times')
		expect(heard).toBe(10_000)
	}, 60_000)

	test('finalizers run before the answer, and what they do stays with them', async () => {
		await using own = luaWorld()
		own.register({ tick: () => 1 })
		expect(await own.resultOf('setmetatable({}, { __gc = function() host.tick() error("late") end }) return "done"')).toBe('done')
		await stillWorks(own)
	})
})
