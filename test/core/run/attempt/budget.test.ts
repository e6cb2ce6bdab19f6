import { describe, expect, test } from 'bun:test'
import type { JsonObject } from '../../../../src/kernel/json.ts'
import type { WorkerStats } from '../../../../src/protocol/output.ts'
import { openBlobs } from '../../../../src/store/sqlite/blob.ts'
import { SqliteAttemptStore } from '../../../../src/store/sqlite/run/attempt-store.ts'
import { blueprintOf, lit, loop, seq, step } from '../../../support/blueprints.ts'
import { fakeClock } from '../../../support/fake-clock.ts'
import { type RunWorld, runWorld } from '../../../support/run-world.ts'
import { tempDir } from '../../../support/temp-dir.ts'
import { verifies } from '../../../support/verifies.ts'
import { effect, hang, pure } from '../../../support/workers.ts'

const retry = { max_attempts: 9, backoff_ms: 1000, factor: 1, max_backoff_ms: 1000, jitter: 0 }
const work = (policy: JsonObject) => blueprintOf(step('work', lit(1), '$.out'), ['work'], { metadata: { policy } })
const errorOf = async (world: RunWorld, launched: Awaited<ReturnType<RunWorld['launch']>>) => {
	const run = await world.runs.run(launched.run.id)
	return (run?.result as { error?: { code?: string; message?: string } })?.error
}
const using = (stats: WorkerStats) => effect(async () => ({ final: { value: 1, ok: true }, stats }))

describe('the budget of a step', () => {
	test('of attempts ends its retries, with the last failure in the sentence', async () => {
		verifies('03.Budget.attempts')
		const clock = fakeClock()
		let tries = 0
		const failing = effect(async () => {
			tries++
			throw new Error('out of luck')
		})
		await using world = runWorld({ workers: { work: failing }, clock })
		const launched = await world.launch(work({ retry, budget: { attempts: 2 } }), { detach: true })
		await clock.elapse(3000)
		const error = await errorOf(world, launched)
		expect([tries, error?.code]).toEqual([2, 'budget_attempts'])
		expect(error?.message).toContain('budget.attempts is 2 and 2 are used up; the last attempt failed')
		expect(error?.message).toContain('out of luck')
	})

	test('of time covers all attempts and the waits between them', async () => {
		verifies('03.Budget.wall_ms')
		const clock = fakeClock()
		await using world = runWorld({ workers: { work: hang }, clock })
		const launched = await world.launch(work({ retry, timeout_ms: 2000, budget: { wall_ms: 4500 } }), { detach: true })
		await clock.elapse(4250)
		expect((await world.runs.run(launched.run.id))?.status).toBe('running')
		await clock.elapse(500)
		expect((await errorOf(world, launched))?.code).toBe('budget_wall_ms')
	})

	test('of tokens counts what workers report, the last report once, and lets a passed step pass', async () => {
		verifies('03.Budget.tokens')
		const clock = fakeClock()
		let tries = 0
		const stores: { world?: RunWorld } = {}
		const reporting = effect(async ({ stepId, n }) => {
			tries++
			const attempts = stores.world && new SqliteAttemptStore(stores.world.db, openBlobs(undefined))
			await attempts?.reportStats(stepId, n, { usage: { total_tokens: 30 } })
			await attempts?.reportStats(stepId, n, { usage: { input_tokens: 30, output_tokens: 10 } })
			throw new Error('no')
		})
		await using world = runWorld({ workers: { work: { ...reporting, resume: async () => null } }, clock })
		stores.world = world
		const launched = await world.launch(work({ retry, budget: { tokens: 100 } }), { detach: true })
		await clock.elapse(6000)
		expect([tries, (await errorOf(world, launched))?.code]).toEqual([3, 'budget_tokens'])

		await using other = runWorld({ workers: { work: using({ usage: { total_tokens: 500 } }) } })
		expect((await (await other.launch(work({ budget: { tokens: 100 } }))).ended).status).toBe('done')
	})
})

describe('the budget of a run', () => {
	const two = (run_policy: JsonObject) =>
		blueprintOf(seq(step('one', lit(1), '$.a'), step('two', lit(2), '$.b')), ['one', 'two'], { metadata: { run_policy } })

	test('of cost ends it before the step it has no room for', async () => {
		verifies('03.Budget.cost_usd')
		await using world = runWorld({ workers: { one: using({ cost_usd: 0.75 }), two: using({}) } })
		const launched = await world.launch(two({ budget: { cost_usd: 0.5 } }))
		const run = await launched.ended
		expect([run.status, (await errorOf(world, launched))?.code]).toEqual(['failed', 'budget_cost_usd'])
		expect((await world.runs.steps(run.id)).filter(({ status }) => status === 'passed').map(({ ref }) => ref)).toEqual(['one'])
	})

	test('of attempts counts pure functions too', async () => {
		let calls = 0
		const count = pure(() => ++calls)
		await using world = runWorld({ workers: { count } })
		const endless = blueprintOf(loop(1000, step('count', lit(1), '$.a')), ['count'])
		const launched = await world.launch(endless, { runPolicy: { budget: { attempts: 25 } } })
		expect((await launched.ended).status).toBe('failed')
		expect([calls, (await errorOf(world, launched))?.code]).toEqual([25, 'budget_attempts'])
	})

	test('of time ends it whatever it waits for', async () => {
		const clock = fakeClock()
		await using world = runWorld({ workers: { one: hang, two: hang }, clock })
		const launched = await world.launch(two({ budget: { wall_ms: 60_000 } }), { detach: true })
		await clock.elapse(1000)
		await world.service.pause(launched.run.id)
		await clock.advance(58_999)
		expect((await world.runs.run(launched.run.id))?.status).toBe('running')
		await clock.elapse(1)
		expect((await errorOf(world, launched))?.code).toBe('budget_wall_ms')
	})

	test('is what the launch says, else what the Blueprint says, else what the server says', async () => {
		await using world = runWorld({
			workers: { one: using({}), two: using({}) },
			runPolicy: { budget: { attempts: 1 }, timeout_ms: 70_000 },
		})
		const told = await world.launch(two({ timeout_ms: 80_000 }), { runPolicy: { budget: { attempts: 5 } } })
		expect(told.run.options.runPolicy).toEqual({ budget: { attempts: 5 }, timeout_ms: 80_000 })
		expect((await told.ended).status).toBe('done')
		const untold = await world.launch(blueprintOf(step('one', lit(1), '$.a'), ['one', 'two']))
		expect(untold.run.options.runPolicy).toEqual({ budget: { attempts: 1 }, timeout_ms: 70_000 })
		expect((await untold.ended).status).toBe('done')
	})

	test('goes on after a death with what was used before it, and begins anew with a rerun', async () => {
		using dir = tempDir()
		const tokens = using({ usage: { input_tokens: 60, output_tokens: 20 } })
		const first = runWorld({ workers: { one: tokens, two: hang }, dir: dir.path })
		const { run } = await first.launch(two({ budget: { tokens: 50, attempts: 9 } }), { detach: true })
		await first.service.wait(run.id, AbortSignal.timeout(20_000))
		expect((await first.runs.run(run.id))?.status).toBe('failed')
		const journal = await first.runs.journal(run.id, 1)
		expect(journal.used).toEqual({ attempts: 1, tokens: 80, costUsd: 0 })
		await Bun.sleep(2)
		await first.service.rerunFrom(run.id, { fromStep: 'one', as: 'in_place' })
		await first.service.wait(run.id, AbortSignal.timeout(20_000))
		expect((await first.runs.journal(run.id, 2)).used.tokens).toBe(80)
		await first[Symbol.asyncDispose]()
	})
})

describe('run_policy.timeout_ms', () => {
	test('ends a run, launched in either way, after so much work', async () => {
		verifies('03.RunPolicy.timeout_ms')
		const clock = fakeClock()
		await using world = runWorld({ workers: { work: hang }, clock })
		const blueprint = blueprintOf(step('work', lit(1), '$.out'), ['work'])
		const launched = await world.launch(blueprint, { runPolicy: { timeout_ms: 3000 } })
		await clock.elapse(3000)
		expect((await launched.ended).status).toBe('failed')
		expect(await errorOf(world, launched)).toMatchObject({ code: 'run_timeout' })
	})

	test('and a shorter time to live: whichever ends first', async () => {
		const clock = fakeClock()
		await using world = runWorld({ workers: { work: hang }, clock })
		const blueprint = blueprintOf(step('work', lit(1), '$.out'), ['work'])
		const launched = await world.launch(blueprint, { runPolicy: { timeout_ms: 9000 }, ttlSecs: 2, detach: true })
		await clock.elapse(2000)
		expect(await errorOf(world, launched)).toMatchObject({ code: 'run_ttl' })
	})
})
