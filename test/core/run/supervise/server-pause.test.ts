import { describe, expect, test } from 'bun:test'
import { openServerPause } from '../../../../src/core/run/supervise/server-pause.ts'
import type { MseError } from '../../../../src/kernel/error.ts'
import { SqliteServerStateStore } from '../../../../src/store/sqlite/server-state-store.ts'
import { blueprintOf, lit, seq, step } from '../../../support/blueprints.ts'
import { eventually } from '../../../support/eventually.ts'
import { fakeClock } from '../../../support/fake-clock.ts'
import { type RunWorld, runWorld } from '../../../support/run-world.ts'
import { tempDir } from '../../../support/temp-dir.ts'
import { gated, hang } from '../../../support/workers.ts'

const twoSteps = blueprintOf(seq(step('one', lit(1), '$.a'), step('two', lit(2), '$.b')), ['one', 'two'])
const begun = (worker: { prompts: readonly unknown[] }) => eventually(() => worker.prompts.length > 0, { what: 'the step began' })
const pauseOf = ({ db, supervisor }: RunWorld) =>
	openServerPause({ store: new SqliteServerStateStore(db), hold: supervisor.hold, clock: db.clock })

describe('a paused server', () => {
	test('lets what is in flight end and begins no step of any run, new ones included', async () => {
		const [one, two] = [gated(), gated()]
		await using world = runWorld({ workers: { one, two } })
		const pause = await pauseOf(world)
		const first = await world.launch(twoSteps, { detach: true })
		await begun(one)
		await pause.pause('the disk is being changed')
		one.release()
		await eventually(async () => (await world.runs.steps(first.run.id))[0]?.status === 'passed', { what: 'the first step' })
		const second = await world.launch(twoSteps, { detach: true })
		expect([world.service.phaseOf(first.run), world.service.phaseOf(second.run)]).toEqual(['paused', 'paused'])
		expect([one.prompts.length, two.prompts.length]).toEqual([1, 0])
		two.release()
		expect(await pause.resume()).toBe(true)
		expect((await first.ended).status).toBe('done')
		expect((await second.ended).status).toBe('done')
		expect(await pause.resume()).toBe(false)
	})

	test('leaves runs paused that were paused by themselves', async () => {
		const [one, two] = [gated(), gated()]
		await using world = runWorld({ workers: { one, two } })
		const pause = await pauseOf(world)
		const { run } = await world.launch(twoSteps, { detach: true })
		await begun(one)
		await world.service.pause(run.id)
		await pause.pause('all')
		await pause.resume()
		one.release()
		await eventually(async () => (await world.runs.steps(run.id))[0]?.status === 'passed', { what: 'the first step' })
		expect([world.service.phaseOf(run), two.prompts.length]).toEqual(['paused', 0])
	})

	test('is still paused after a restart, for the first reason it was given', async () => {
		using dir = tempDir()
		const first = runWorld({ workers: { one: hang, two: hang }, dir: dir.path })
		const pause = await pauseOf(first)
		await pause.pause('maintenance')
		expect((await pause.pause('another')).reason).toBe('maintenance')
		const { run } = await first.launch(twoSteps, { detach: true })
		first.kill()
		const one = gated()
		await using second = runWorld({ workers: { one, two: hang }, dir: dir.path })
		const again = await pauseOf(second)
		await second.supervisor.recover()
		expect(again.state?.reason).toBe('maintenance')
		expect([second.service.phaseOf(run), one.prompts.length]).toEqual(['paused', 0])
		await again.resume()
		await begun(one)
	})

	test('lets its runs be cancelled', async () => {
		await using world = runWorld({ workers: { one: hang, two: hang } })
		const pause = await pauseOf(world)
		await pause.pause('stop')
		const { run, ended } = await world.launch(twoSteps, { detach: true })
		await world.service.cancel(run.id, 'enough')
		expect((await ended).status).toBe('cancelled')
	})
})

describe('a server that drains', () => {
	test('waits for attempts that a stop would lose, begins nothing new and takes no launch', async () => {
		const [one, two] = [gated(), gated()]
		const clock = fakeClock()
		await using world = runWorld({ workers: { one, two }, clock })
		const { run } = await world.launch(twoSteps, { detach: true })
		await begun(one)
		let drained = false
		const draining = world.supervisor.hold.drain(10_000).then(() => {
			drained = true
		})
		const refusal = await world.launch(twoSteps).then(String, (error: MseError) => [error.kind, error.code])
		expect(refusal).toEqual(['unavailable', 'server_stopping'])
		await clock.elapse(1000)
		expect(drained).toBe(false)
		one.release()
		await draining
		expect((await world.runs.steps(run.id))[0]?.status).toBe('passed')
		expect(two.prompts).toEqual([])
		expect((await world.runs.run(run.id))?.status).toBe('running')
	})

	test('waits no longer than it was given', async () => {
		const clock = fakeClock()
		await using world = runWorld({ workers: { one: hang, two: hang }, clock })
		await world.launch(twoSteps, { detach: true })
		const draining = world.supervisor.hold.drain(3000)
		await clock.elapse(3000)
		await draining
	})

	test('does not wait for attempts that the next life goes on with', async () => {
		await using world = runWorld({ workers: { one: { ...hang, resume: async () => null }, two: hang } })
		const { run } = await world.launch(twoSteps, { detach: true })
		await eventually(async () => (await world.runs.steps(run.id)).length > 0, { what: 'the step' })
		await world.supervisor.hold.drain(60_000)
	})
})
