import { describe, expect, test } from 'bun:test'
import { MseError } from '../../../src/kernel/error.ts'
import { attempt, blueprintOf, lit, seq, step } from '../../support/blueprints.ts'
import { eventually } from '../../support/eventually.ts'
import { fakeClock } from '../../support/fake-clock.ts'
import { runWorld } from '../../support/run-world.ts'
import { effect, pass } from '../../support/workers.ts'

const full = () => new MseError('unavailable', 'The database could not be written: disk full.', { code: 'storage_unavailable' })
const damaged = () => new MseError('internal', 'The stored value abc has no file.', { code: 'storage_damaged' })

/** Throws what `faults` holds, one at a time, then passes. */
function failing(...faults: Error[]) {
	return effect(async () => {
		const fault = faults.shift()
		if (fault) throw fault
		return pass('made')
	})
}

/** Would take a failure of the step for its own. */
const flow = attempt(step('make', lit(1), '$.made'), seq(), '$.why')

describe('a disk that fails an attempt', () => {
	test('is no failure of its step: the run is rebuilt from the journal and goes on', async () => {
		const clock = fakeClock()
		await using world = runWorld({ workers: { make: failing(full(), full()) }, clock })
		const { run, ended } = await world.launch(blueprintOf(flow, ['make']), { detach: true })
		await expect(ended).rejects.toMatchObject({ code: 'storage_unavailable' })
		expect((await world.runs.run(run.id))?.status).toBe('running')
		const done = async () => {
			await clock.advance(1000)
			const now = await world.runs.run(run.id)
			return now?.status === 'done' && now
		}
		expect((await eventually(done, { what: 'the run ends' })).result).toEqual({ made: 'made' })
		expect((await world.runs.steps(run.id)).map(({ status }) => status)).toEqual(['passed'])
	})

	test('for good leaves the run interrupted with its code, and a resume tries again', async () => {
		await using world = runWorld({ workers: { make: failing(damaged()) } })
		const { run, ended } = await world.launch(blueprintOf(flow, ['make']), { detach: true })
		await ended
		expect(await world.runs.run(run.id)).toMatchObject({ status: 'interrupted', result: { error: { code: 'storage_damaged' } } })
		await world.service.resume(run.id)
		expect((await world.service.wait(run.id, AbortSignal.timeout(20_000))).result).toEqual({ made: 'made' })
	})

	test('while it is taken up again is waited for, not given up to', async () => {
		const clock = fakeClock()
		await using world = runWorld({ workers: { make: failing(full()) }, clock })
		const { run, ended } = await world.launch(blueprintOf(flow, ['make']), { detach: true })
		await expect(ended).rejects.toMatchObject({ code: 'storage_unavailable' })
		const { changeStatus } = world.runs
		let refusals = 2
		world.runs.changeStatus = (...args) => (refusals-- > 0 ? Promise.reject(full()) : changeStatus.apply(world.runs, args))
		const done = async () => {
			await clock.advance(1000)
			return (await world.runs.run(run.id))?.status === 'done'
		}
		await eventually(done, { what: 'the run ends' })
		const kinds = (await world.events.read(0, { run: run.id }, 100)).map(({ kind }) => kind)
		expect([refusals < 0, kinds.includes('run.interrupted')]).toEqual([true, false])
	})

	test('at the very end of the run leaves nothing without an owner', async () => {
		const clock = fakeClock()
		await using world = runWorld({ workers: { make: failing(new Error('no')) }, clock })
		const { steps } = world.runs
		world.runs.steps = () => Promise.reject(damaged())
		const { run, ended } = await world.launch(blueprintOf(step('make', lit(1), '$.made'), ['make']), { detach: true })
		await expect(ended).rejects.toMatchObject({ code: 'storage_damaged' })
		world.runs.steps = steps
		const given = async () => (await world.runs.run(run.id))?.status === 'interrupted'
		await eventually(given, { what: 'the run is left interrupted' })
	})
})
