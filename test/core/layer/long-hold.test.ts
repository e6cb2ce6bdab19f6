import { expect, test } from 'bun:test'
import { tracedKinds } from '../../../src/edge/http/wire/trace.ts'
import { blueprintOf, lit, step } from '../../support/blueprints.ts'
import { fakeClock } from '../../support/fake-clock.ts'
import { eventsOf, layerWorld, pure } from './support.ts'

test('an attempt that took longer than the limit is told of in the log and in the trace, and changes nothing', async () => {
	const clock = fakeClock()
	let ms = 0
	const slow = {
		pure: false,
		async perform() {
			await clock.advance(ms)
			return { final: { value: ms, ok: true } }
		},
	}
	await using world = layerWorld({ workers: { slow }, clock, longHoldMs: 100 })
	for (ms of [100, 101]) {
		const run = await (await world.launch(blueprintOf(step('slow', lit(1), '$.a'), ['slow']))).ended
		expect(run.result).toEqual({ a: ms })
	}
	expect(await eventsOf(world, 'attempt.held_long')).toEqual([
		{ kind: 'attempt.held_long', ref: 'slow', attempt: 1, long_hold_warn: true, elapsed_ms: 101, default_hold_ms: 100 },
	])
	expect(tracedKinds(['mw.long_hold'])).toEqual(['attempt.held_long'])
})

test('a pure function stays one', async () => {
	await using world = layerWorld({ workers: { inc: pure((n) => Number(n) + 1) }, longHoldMs: 1000 })
	const run = await (await world.launch(blueprintOf(step('inc', lit(1), '$.a'), ['inc']))).ended
	expect(run.result).toEqual({ a: 2 })
	expect((await eventsOf(world)).map(({ kind }) => kind)).toEqual(['run.started', 'step.completed', 'run.done'])
})
