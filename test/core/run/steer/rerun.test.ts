import { describe, expect, test } from 'bun:test'
import type { MseError } from '../../../../src/kernel/error.ts'
import type { Json } from '../../../../src/kernel/json.ts'
import { attempt, blueprintOf, fanout, lit, loop, path, seq, step } from '../../../support/blueprints.ts'
import { eventually } from '../../../support/eventually.ts'
import { type RunWorld, runWorld } from '../../../support/run-world.ts'
import { tempDir } from '../../../support/temp-dir.ts'
import { departs } from '../../../support/verifies.ts'
import { effect, gated, hang, pass, pure } from '../../../support/workers.ts'

/** A worker that notes each prompt and passes it on. */
function noting() {
	const prompts: Json[] = []
	const worker = effect(async ({ prompt }) => {
		prompts.push(prompt)
		return pass(prompt)
	})
	return { prompts, worker }
}

const ended = (world: RunWorld, runId: string) => world.service.wait(runId as never, AbortSignal.timeout(20_000))
const refusal = (work: Promise<unknown>) => work.then(String, (error: MseError) => [error.kind, error.code])
const rerun = (world: RunWorld, runId: string, fromStep: string, over: { input?: Json; as?: 'new_run' } = {}) =>
	world.service.rerunFrom(runId as never, { as: 'in_place', fromStep, ...over })

const threeSteps = blueprintOf(seq(step('a', lit('a'), '$.a'), step('b', path('$.a'), '$.b'), step('c', path('$.b'), '$.c')), [
	'a',
	'b',
	'c',
])

describe('rerun-from', () => {
	test('repeats a step and all after it under the same run, and nothing before', async () => {
		departs('01.C107', '04.79')
		const { prompts, worker } = noting()
		await using world = runWorld({ workers: { a: worker, b: worker, c: worker } })
		const { run } = await world.launch(threeSteps)
		await ended(world, run.id)
		const again = await rerun(world, run.id, 'b')
		expect([again.run.id, again.run.generation, again.replayedSteps, again.droppedSteps]).toEqual([run.id, 2, 1, 2])
		expect((await ended(world, run.id)).result).toEqual({ a: 'a', b: 'a', c: 'a' })
		expect(prompts).toEqual(['a', 'a', 'a', 'a', 'a'])
	})

	test('keeps the generation before as it ended, and works again and again', async () => {
		departs('01.C107', '04.79')
		const { worker } = noting()
		await using world = runWorld({ workers: { a: worker, b: worker, c: worker } })
		const { run } = await world.launch(threeSteps)
		const first = await ended(world, run.id)
		const before = await world.runs.steps(run.id)
		for (const generation of [2, 3]) {
			await rerun(world, run.id, 'c', { input: `in life ${generation}` })
			expect((await ended(world, run.id)).result).toMatchObject({ c: `in life ${generation}` })
		}
		expect(await world.runs.closedGenerations(run.id)).toMatchObject([
			{ generation: 1, status: 'done', result: first.result },
			{ generation: 2, status: 'done', result: { c: 'in life 2' } },
		])
		expect(await world.runs.steps(run.id, 1)).toEqual(before)
		const now = await world.runs.steps(run.id)
		expect(now.map(({ stepId }) => stepId).slice(0, 2)).toEqual(before.map(({ stepId }) => stepId).slice(0, 2))
		expect(now).toHaveLength(3)
	})

	test('takes a failed run on where it broke', async () => {
		let isBroken = true
		const { prompts, worker } = noting()
		const frail = effect(async () => (isBroken ? Promise.reject(new Error('broken')) : pass('mended')))
		await using world = runWorld({ workers: { a: worker, b: frail, c: worker } })
		const { run } = await world.launch(threeSteps)
		expect((await ended(world, run.id)).status).toBe('failed')
		isBroken = false
		await rerun(world, run.id, '/1')
		expect(await ended(world, run.id)).toMatchObject({ status: 'done', result: { b: 'mended', c: 'mended' } })
		expect(prompts).toEqual(['a', 'mended'])
	})

	test('goes on from the round of a loop that is named by its step id', async () => {
		const { prompts, worker } = noting()
		await using world = runWorld({ workers: { a: worker } })
		const { run } = await world.launch(blueprintOf(loop(3, step('a', path('$.n'), '$.last')), ['a']))
		await ended(world, run.id)
		const second = (await world.runs.steps(run.id)).find(({ position }) => position === '/body[1]')
		await rerun(world, run.id, second?.stepId ?? '')
		await ended(world, run.id)
		expect(prompts).toEqual([0, 1, 2, 1, 2])
	})

	test('opens a race again: the lanes that had lost run after all', async () => {
		let winner = 1
		const lane = effect((it) => (it.prompt === winner ? Promise.resolve(pass(`lane ${it.prompt}`)) : (hang.perform(it) as Promise<never>)))
		await using world = runWorld({ workers: { lane } })
		const { run } = await world.launch(blueprintOf(fanout([0, 1, 2], 'race', step('lane', path('$.item'), '$.won'), '$.race'), ['lane']))
		expect((await ended(world, run.id)).result).toEqual({ race: { item: 1, won: 'lane 1' } })
		winner = 2
		await rerun(world, run.id, '/lane[1]')
		expect((await ended(world, run.id)).result).toEqual({ race: { item: 2, won: 'lane 2' } })
	})

	test('leaves the other lanes of a fan-out as they ended', async () => {
		const { prompts, worker } = noting()
		await using world = runWorld({ workers: { lane: worker } })
		const { run } = await world.launch(blueprintOf(fanout([0, 1, 2], 'all', step('lane', path('$.item'), '$.out'), '$.all'), ['lane']))
		await ended(world, run.id)
		await rerun(world, run.id, '/lane[1]', { input: 'other' })
		expect((await ended(world, run.id)).result).toMatchObject({ all: [{ out: 0 }, { out: 'other' }, { out: 2 }] })
		expect(prompts).toEqual([0, 1, 2, 'other'])
	})

	test('may be a run of its own, which repeats what is kept and leaves the old one alone', async () => {
		const { prompts, worker } = noting()
		await using world = runWorld({ workers: { a: worker, b: worker, c: worker } })
		const { run } = await world.launch(threeSteps)
		const old = await ended(world, run.id)
		const next = await rerun(world, run.id, 'c', { as: 'new_run', input: 'new' })
		expect([next.run.id === run.id, next.run.taskId, next.run.generation]).toEqual([false, run.taskId, 1])
		expect((await ended(world, next.run.id)).result).toEqual({ a: 'a', b: 'a', c: 'new' })
		expect(await world.runs.run(run.id)).toMatchObject({ generation: 1, result: old.result })
		expect(prompts).toEqual(['a', 'a', 'a', 'new'])
	})

	test('survives a death of the process like any run', async () => {
		using dir = tempDir()
		const { worker } = noting()
		const slow = gated()
		const first = runWorld({
			workers: { a: worker, b: worker, c: effect(async (it) => (it.prompt === 'slow' ? slow.perform(it) : pass(1))) },
			dir: dir.path,
		})
		const { run } = await first.launch(threeSteps, { detach: true })
		await ended(first, run.id)
		await rerun(first, run.id, 'c', { input: 'slow' })
		await eventually(() => slow.prompts.length > 0, { what: 'the step runs again' })
		first.kill()
		const last = noting()
		await using second = runWorld({ workers: { a: hang, b: hang, c: last.worker }, dir: dir.path })
		await second.supervisor.recover()
		expect((await ended(second, run.id)).result).toEqual({ a: 'a', b: 'a', c: 'slow' })
		expect(last.prompts).toEqual(['slow'])
	})

	test('is refused for what cannot be run again, and then changes nothing', async () => {
		departs('01.C107', '04.79')
		const slow = gated()
		await using world = runWorld({ workers: { a: pure((it) => it), b: pure((it) => it), c: slow } })
		const { run } = await world.launch(threeSteps, { detach: true })
		await eventually(() => slow.prompts.length > 0, { what: 'the last step' })
		expect(await refusal(rerun(world, run.id, 'a'))).toEqual(['conflict', 'run_not_ended'])
		slow.release()
		await ended(world, run.id)
		expect(await refusal(rerun(world, run.id, '  '))).toEqual(['malformed', 'blank_from_step'])
		expect(await refusal(rerun(world, 'R-0', 'a'))).toEqual(['not_found', 'unknown_run'])
		expect(await refusal(rerun(world, run.id, 'nobody'))).toEqual(['invalid', 'unknown_from_step'])
		await world.db.write(() => world.db.query("UPDATE run SET blueprint_hash = 'gone' WHERE id = ?").run(run.id))
		expect(await refusal(rerun(world, run.id, 'a'))).toEqual(['invalid', 'not_runnable'])
		expect(await world.runs.run(run.id)).toMatchObject({ status: 'done', generation: 1 })
	})

	test('of two at the same time one wins', async () => {
		const { worker } = noting()
		await using world = runWorld({ workers: { a: worker, b: worker, c: worker } })
		const { run } = await world.launch(threeSteps)
		await ended(world, run.id)
		const both = await Promise.allSettled([rerun(world, run.id, 'a'), rerun(world, run.id, 'a')])
		expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
		expect((await ended(world, run.id)).generation).toBe(2)
	})

	test('a step that fails in its new life may be caught by its flow', async () => {
		let isBroken = false
		const frail = effect(async () => (isBroken ? Promise.reject(new Error('now')) : pass('fine')))
		await using world = runWorld({ workers: { frail } })
		const { run } = await world.launch(blueprintOf(attempt(step('frail', lit(1), '$.a'), seq(), '$.why'), ['frail']))
		await ended(world, run.id)
		isBroken = true
		await rerun(world, run.id, 'frail')
		expect((await ended(world, run.id)).result).toEqual({ why: expect.stringContaining('now') })
	})
})
