import { describe, expect, test } from 'bun:test'
import { luaLayerRunner } from '../../../src/backend/lua/layer.ts'
import type { Completion } from '../../../src/core/dispatch/backend.ts'
import type { LayerScripts } from '../../../src/core/layer/script.ts'
import { scripted } from '../../../src/core/layer/script.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import { silentLogger } from '../../../src/kernel/log.ts'
import { blocks, counted, failureOf, passes } from '../../core/layer/support.ts'
import { blueprintOf, lit, step } from '../../support/blueprints.ts'
import { runWorld } from '../../support/run-world.ts'
import { luaWorld } from './lua-world.ts'

const ONE = blueprintOf(step('work', lit('go'), '$.a'), ['work'])

/** The result of a run of one step around which these scripts are. */
async function runWith(scripts: LayerScripts, work = passes({ n: 1 }), over: { timeoutMs?: number } = {}) {
	await using lua = luaWorld()
	return await runIn(lua, scripts, work, over)
}

/** Many scripts in one world share a process. */
async function runIn(lua: ReturnType<typeof luaWorld>, scripts: LayerScripts, work = passes({ n: 1 }), over: { timeoutMs?: number } = {}) {
	const limits = { clock: systemClock, timeoutMs: 20_000, memoryBytes: 2 ** 24, outputBytes: 2 ** 20, ...over }
	const runner = luaLayerRunner({ ...limits, pool: lua.pool })
	await using world = runWorld({
		workers: { work },
		layers: ({ outputs }) => ({ base: [scripted({ outputs, log: silentLogger }, runner, scripts)], hints: new Map() }),
	})
	const run = await (await world.launch(ONE, { operator: { kind: 'main_ai', backendId: 'S-1' } })).ended
	return { run, calls: work.calls.length }
}

describe('a script before an attempt', () => {
	test('sees the step, the attempt, the agent and its operator, and lets it begin', async () => {
		const before = `function(ctx)
			assert(ctx.task_id:match '^ST%-' and ctx.attempt == 1 and ctx.agent == 'work', 'wrong')
			assert(ctx.operator.kind == 'MainAi' and ctx.operator.id == 'S-1', 'wrong operator')
		end`
		const { run, calls } = await runWith({ before })
		expect([run.status, calls]).toEqual(['done', 1])
	})

	test('that raises keeps it from beginning, and its sentence is the reason', async () => {
		const { run, calls } = await runWith({ before: 'return function() error("not on Fridays", 0) end' })
		expect([run.status, calls]).toEqual(['failed', 0])
		expect(failureOf(run)).toContain('spawn rejected by middleware: lua before: not on Fridays')
	})

	test('that is no function, or does not end, rejects too', async () => {
		expect(failureOf((await runWith({ before: '1' })).run)).toContain('lua before: it is no function')
		const endless = await runWith({ before: 'function() while true do end end' }, passes(1), { timeoutMs: 200 })
		expect(failureOf(endless.run)).toContain('lua before: it did not end within 200 ms')
	})
})

describe('a script after an attempt', () => {
	test('decides anew: what it returns is appended as the last Final', async () => {
		const after = 'function(ctx, result) return { value = { was = result.value, by = ctx.agent }, ok = not result.ok } end'
		expect((await runWith({ after }, blocks('no'))).run.result).toEqual({ a: { was: 'no', by: 'work' } })
		expect(failureOf((await runWith({ after })).run)).toContain('blocked: ')
	})

	test('that returns nothing, or fails, leaves the result as it is', async () => {
		await using lua = luaWorld()
		for (const after of ['function() end', 'function() error "oops" end', 'function() return print end', '!'])
			expect((await runIn(lua, { after })).run.result).toEqual({ a: { n: 1 } })
	})

	test('is not asked about a result that lies in a file, nor about an attempt that failed', async () => {
		const after = 'function() return { value = "changed" } end'
		const filed = counted(async (attempt): Promise<Completion> => {
			await attempt.emit({ type: 'final', content: { kind: 'file_ref', path: '/tmp/x' }, ok: true })
			return {}
		})
		expect((await runWith({ after }, filed)).run.result).toMatchObject({ a: { file_ref: '/tmp/x' } })
		expect(
			(
				await runWith(
					{ after },
					counted(() => Promise.reject(new Error('crash'))),
				)
			).run.status,
		).toBe('failed')
	})
})
