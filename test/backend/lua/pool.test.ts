import { expect, test } from 'bun:test'
import { startLuaProcess } from '../../../src/backend/lua/process.ts'
import { readVariable } from '../../../src/backend/process/process-table.ts'
import { newAttempt } from '../../support/attempt.ts'
import { eventually } from '../../support/eventually.ts'
import { luaWorld } from './lua-world.ts'

test('no process is there before there is a script; afterwards one is kept for the next', async () => {
	await using world = luaWorld()
	expect(world.processes()).toEqual([])
	await world.resultOf('return 1')
	const [kept] = world.processes()
	await world.resultOf('return 2')
	expect(world.processes()).toEqual([kept ?? 0])
})

test('scripts at a time are no more than told; who waits is not counted as worked on', async () => {
	await using world = luaWorld({ processes: 1 })
	let letGo = () => {}
	world.register({
		wait: () =>
			new Promise((resolve) => {
				letGo = () => resolve(1)
			}),
	})
	const first = world.resultOf('return host.wait()')
	const second = newAttempt()
	const waiting = world.performSpec({ source: 'return 2' }, second)
	await eventually(() => second.workingSaid.length === 1, { what: 'the second waits' })
	await eventually(() => world.processes().length === 1, { what: 'the first works' })
	await eventually(
		() => {
			letGo()
			return Bun.peek.status(first) === 'fulfilled'
		},
		{ what: 'the first ends' },
	)
	expect((await waiting).final?.value).toBe(2)
	expect(second.workingSaid).toEqual([false, true])
})

test('a process that is killed fails one attempt and is replaced', async () => {
	await using world = luaWorld()
	const failure = world.failureOf('while true do end')
	await eventually(() => world.processes().length > 0, { what: 'it works' })
	for (const pid of world.processes()) process.kill(pid, 'SIGKILL')
	expect(await failure).toBe('lua eval [worker.lua]: its process has ended')
	expect(await world.resultOf('return 1')).toBe(1)
})

test('a kept process that was killed meanwhile harms nobody', async () => {
	await using world = luaWorld()
	await world.resultOf('return 1')
	for (const pid of world.processes()) process.kill(pid, 'SIGKILL')
	await eventually(() => world.processes().length === 0, { what: 'it is gone' })
	await eventually(async () => (await world.failureOf('return 1')).startsWith('it did not fail'), { what: 'another works' })
})

test("the agent's own timeout stands in for the default", async () => {
	await using world = luaWorld({ timeoutMs: 1 })
	const { final } = await world.performSpec({ source: 'for i = 1, 1e6 do end return 1' }, {}, { timeout_ms: 60_000 })
	expect(final?.value).toBe(1)
})

test('a host function learns that its script was ended', async () => {
	await using world = luaWorld()
	const told = Promise.withResolvers<string>()
	world.register({
		wait: (_, { signal }) =>
			new Promise((_, reject) => {
				signal.addEventListener('abort', () => {
					told.resolve('told')
					reject(signal.reason)
				})
				attempt.abort('enough')
			}),
	})
	const attempt = newAttempt()
	await expect(world.performSpec({ source: 'host.wait()' }, attempt)).rejects.toBe('enough')
	expect(await told.promise).toBe('told')
})

test("a Lua process has nothing of the server's environment", async () => {
	await using world = luaWorld()
	await world.resultOf('return 1')
	const [pid = 0] = world.processes()
	const names = (await Bun.file(`/proc/${pid}/environ`).text()).split('\0').map((line) => line.split('=')[0])
	expect(names.filter((name) => name !== '' && name !== 'PWD')).toEqual(['MSE_ATTEMPT_KEY'])
	expect(readVariable(pid, 'MSE_ATTEMPT_KEY')).toEndWith(':lua')
})

test('closing ends them all, those at work too', async () => {
	const world = luaWorld({ warm: 2 })
	await world.resultOf('return 1')
	const failure = world.failureOf('while true do end')
	await eventually(() => world.processes().length > 1, { what: 'it works' })
	await world.pool.close()
	expect(await failure).toContain('its process has ended')
	expect(world.processes()).toEqual([])
	expect(await world.failureOf('return 1')).toBe('the server stops')
})

test('an idle process ends when nobody can speak to it any more', async () => {
	const dataDirId = crypto.randomUUID()
	const started = startLuaProcess({ dataDirId, memoryBytes: 2 ** 24, outputBytes: 2 ** 16 })
	expect(started.isFit()).toBe(true)
	await started.kill()
	expect(started.isFit()).toBe(false)
})
