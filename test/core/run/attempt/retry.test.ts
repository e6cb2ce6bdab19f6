import { describe, expect, test } from 'bun:test'
import { WorkerFailed } from '../../../../src/core/dispatch/worker-failed.ts'
import { retryWait } from '../../../../src/core/run/attempt/retry.ts'
import type { JsonObject } from '../../../../src/kernel/json.ts'
import { attempt, blueprintOf, fanout, lit, path, seq, step } from '../../../support/blueprints.ts'
import { eventually } from '../../../support/eventually.ts'
import { type FakeClock, fakeClock } from '../../../support/fake-clock.ts'
import { type RunWorld, runWorld } from '../../../support/run-world.ts'
import { tempDir } from '../../../support/temp-dir.ts'
import { verifies } from '../../../support/verifies.ts'
import { effect, hang, pass } from '../../../support/workers.ts'

const retry = { max_attempts: 3, backoff_ms: 1000, factor: 2, max_backoff_ms: 60_000, jitter: 0 }
const rule = { ...retry }
const failing = { code: 'step_failed', message: 'dispatch failed: worker fn returned error: no' }

/** Fails until its last try, then passes; `tries` are the instants of its attempts. */
function flaky(clock: FakeClock, failures: number, error: () => Error = () => new Error('not yet')) {
	const tries: number[] = []
	const worker = effect(async () => {
		tries.push(clock.now())
		if (tries.length <= failures) throw error()
		return pass('made it')
	})
	return { ...worker, tries }
}

const oneStep = (policy: JsonObject) => blueprintOf(step('work', lit(1), '$.out'), ['work'], { metadata: { policy } })
const kinds = async (world: RunWorld) =>
	(await world.events.read(0, { kinds: ['attempt.'] }, 100)).map(({ kind, data }) => [kind, data.attempt])
const recordedRetry = (world: RunWorld) =>
	eventually(async () => (await world.events.read(0, { kinds: ['attempt.retry_scheduled'] }, 10)).length > 0, { what: 'a back-off' })

describe('the wait between attempts', () => {
	const wait = (failures: number, over: Partial<typeof rule> = {}, more: object = {}) =>
		retryWait({ ...rule, max_attempts: 10, ...over }, { failure: failing, failures, retryAfterMs: null, seed: 'a', ...more })

	test('grows by the factor up to its maximum', () => {
		verifies('03.RetryPolicy.factor', '03.RetryPolicy.max_backoff_ms')
		expect([1, 2, 3, 4].map((n) => wait(n, { max_backoff_ms: 5000 }))).toEqual([1000, 2000, 4000, 5000])
	})

	test('is left to chance by the share of jitter, the same for the same attempt', () => {
		verifies('03.RetryPolicy.jitter')
		const waits = Array.from({ length: 50 }, (_, n) => wait(1, { jitter: 0.5 }, { seed: `s${n}` }) ?? 0)
		expect(Math.min(...waits)).toBeGreaterThanOrEqual(500)
		expect(Math.max(...waits)).toBeLessThanOrEqual(1000)
		expect(new Set(waits).size).toBeGreaterThan(40)
		expect(wait(1, { jitter: 0.5 })).toBe(wait(1, { jitter: 0.5 }))
	})

	test('is at least what the worker asked for, a day at most', () => {
		expect(wait(1, {}, { retryAfterMs: 90_000 })).toBe(90_000)
		expect(wait(1, {}, { retryAfterMs: 5 })).toBe(1000)
		expect(wait(1, {}, { retryAfterMs: 10 ** 12 })).toBe(24 * 3600 * 1000)
	})

	test('is none for what was decided', () => {
		const refused = { code: 'step_failed', message: 'dispatch failed: spawn rejected by middleware: no' }
		const codes = ['cancelled', 'attempt_lost', 'budget_tokens'].map((code) => ({ ...failing, code }))
		for (const failure of [refused, ...codes]) expect(wait(1, {}, { failure })).toBeNull()
		expect(retryWait(undefined, { failure: failing, failures: 1, retryAfterMs: 5, seed: 'a' })).toBeNull()
	})
})

describe('a step with a retry policy', () => {
	test('is tried again after each wait until it passes', async () => {
		verifies('03.RetryPolicy.max_attempts', '03.RetryPolicy.backoff_ms')
		const clock = fakeClock()
		const work = flaky(clock, 2)
		await using world = runWorld({ workers: { work }, clock })
		const { ended } = await world.launch(oneStep({ retry }))
		await clock.elapse(10_000)
		const run = await ended
		expect(run.result).toEqual({ out: 'made it' })
		expect(work.tries.map((at) => at - (work.tries[0] ?? 0))).toEqual([0, 1000, 3000])
		const [recorded] = await world.runs.steps(run.id)
		expect(recorded?.attempt).toBe(3)
		expect(await kinds(world)).toEqual([
			['attempt.ended', 1],
			['attempt.retry_scheduled', 1],
			['attempt.started', 2],
			['attempt.ended', 2],
			['attempt.retry_scheduled', 2],
			['attempt.started', 3],
			['attempt.ended', 3],
		])
	})

	test('fails with its last failure once the attempts are used up, and may be caught', async () => {
		const clock = fakeClock()
		const work = flaky(clock, 9)
		await using world = runWorld({ workers: { work }, clock })
		const blueprint = blueprintOf(
			attempt(step('work', lit(1), '$.out'), { kind: 'assign', at: path('$.caught'), value: lit(true) }),
			['work'],
			{
				metadata: { policy: { retry } },
			},
		)
		const { ended } = await world.launch(blueprint)
		await clock.elapse(5000)
		expect((await ended).result).toMatchObject({ caught: true })
		expect(work.tries.length).toBe(3)
	})

	test('is not tried again when it blocks: that is an answer', async () => {
		let tries = 0
		const work = effect(async () => {
			tries++
			return { final: { value: 'no', ok: false } }
		})
		await using world = runWorld({ workers: { work } })
		const run = await (await world.launch(oneStep({ retry }))).ended
		expect([run.status, tries]).toEqual(['failed', 1])
	})

	test('is tried again after the timeout of an attempt', async () => {
		const clock = fakeClock()
		let tries = 0
		const work = effect(async (own) => (++tries === 1 ? hang.perform(own) : pass('second')))
		await using world = runWorld({ workers: { work }, clock })
		const { ended } = await world.launch(oneStep({ retry, timeout_ms: 500 }))
		await clock.elapse(1500)
		expect((await ended).result).toEqual({ out: 'second' })
	})

	test('waits as long as its worker asks', async () => {
		const clock = fakeClock()
		const work = flaky(clock, 1, () => new WorkerFailed('busy', { retryAfterMs: 7000 }))
		await using world = runWorld({ workers: { work }, clock })
		const { ended } = await world.launch(oneStep({ retry }))
		await clock.elapse(7000)
		await ended
		expect((work.tries[1] ?? 0) - (work.tries[0] ?? 0)).toBe(7000)
	})

	test('of pure functions is tried again, too', async () => {
		const clock = fakeClock()
		let tries = 0
		const work = {
			pure: true,
			perform() {
				if (++tries < 2) throw new Error('no')
				return pass('second')
			},
		}
		await using world = runWorld({ workers: { work }, clock })
		const { ended } = await world.launch(oneStep({ retry }))
		await clock.elapse(1000)
		expect((await ended).result).toEqual({ out: 'second' })
	})
})

describe('a back-off', () => {
	test('goes on over a death of the server, to the instant it had', async () => {
		using dir = tempDir()
		const earlier = fakeClock()
		const first = runWorld({ workers: { work: flaky(earlier, 9) }, clock: earlier, dir: dir.path })
		const { run } = await first.launch(oneStep({ retry: { ...retry, backoff_ms: 10_000 } }), { detach: true })
		await recordedRetry(first)
		first.kill()
		const clock = fakeClock(earlier.now() + 4000)
		const work = flaky(clock, 0)
		await using second = runWorld({ workers: { work }, clock, dir: dir.path })
		await second.supervisor.recover()
		await clock.elapse(5999)
		expect(work.tries).toEqual([])
		await clock.elapse(1)
		expect((await second.service.wait(run.id, AbortSignal.timeout(20_000))).status).toBe('done')
		expect(work.tries).toEqual([earlier.now() + 10_000])
	})

	test('counts failures of earlier lives, and no deaths', async () => {
		using dir = tempDir()
		const blueprint = oneStep({ retry: { ...retry, max_attempts: 2 } })
		const [one, two, clock] = [fakeClock(), fakeClock(), fakeClock(Date.UTC(2026, 0, 2))]
		const first = runWorld({ workers: { work: flaky(one, 9) }, clock: one, dir: dir.path })
		const { run } = await first.launch(blueprint, { detach: true })
		await recordedRetry(first)
		first.kill()
		let hanging = 0
		const stuck = effect((own) => {
			hanging++
			return Promise.resolve(hang.perform(own))
		})
		const second = runWorld({ workers: { work: stuck }, clock: two, dir: dir.path })
		await second.supervisor.recover()
		await two.elapse(1000)
		expect(hanging).toBe(1)
		second.kill()
		const work = flaky(clock, 9)
		await using third = runWorld({ workers: { work }, clock, dir: dir.path })
		await third.supervisor.recover()
		await clock.elapse(5000)
		expect((await third.runs.run(run.id))?.status).toBe('failed')
		const [recorded] = await third.runs.steps(run.id)
		expect([work.tries.length, recorded?.attempt]).toEqual([1, 3])
	})

	test('ends with its step when that is cancelled', async () => {
		const clock = fakeClock()
		await using world = runWorld({ workers: { work: flaky(clock, 9) }, clock })
		const { run } = await world.launch(oneStep({ retry }), { detach: true })
		await recordedRetry(world)
		const [recorded] = await world.runs.steps(run.id)
		if (recorded) await world.service.cancelStep(recorded.stepId, 'enough')
		expect((await world.runs.steps(run.id))[0]).toMatchObject({ status: 'cancelled', failure: { code: 'cancelled' } })
	})

	test('gives way to a quicker lane, and its step is closed by that', async () => {
		const clock = fakeClock()
		const work = effect(async ({ prompt }) => {
			if (prompt === 'bad') throw new Error('not yet')
			await Promise.resolve()
			return pass(prompt)
		})
		const slow = effect((own) => new Promise((resolve) => void clock.after(500, () => resolve(pass(own.prompt)))))
		const body = seq(step('work', path('$.item'), '$.a'), step('slow', path('$.item'), '$.b'))
		const blueprint = blueprintOf(fanout(['bad', 'good'], 'any', body, '$.all'), ['work', 'slow'], { metadata: { policy: { retry } } })
		await using world = runWorld({ workers: { work, slow }, clock })
		const { run, ended } = await world.launch(blueprint)
		await recordedRetry(world)
		await clock.elapse(600)
		expect((await ended).status).toBe('done')
		const lost = (await world.runs.steps(run.id)).filter(({ status }) => status === 'cancelled')
		expect(lost.map(({ ref }) => ref)).toEqual(['work'])
	})
})
