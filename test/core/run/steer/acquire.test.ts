import { expect, test } from 'bun:test'
import { acquireSeat } from '../../../../src/core/run/steer/acquire.ts'
import { blueprintOf, lit, step } from '../../../support/blueprints.ts'
import { runWorld } from '../../../support/run-world.ts'
import { verifies } from '../../../support/verifies.ts'

test('a seat that somebody holds is taken over even when the Blueprint cannot be read any more', async () => {
	verifies('01.C83')
	await using world = runWorld({ workers: { inc: { pure: true, perform: () => ({ final: { value: 1, ok: true } }) } } })
	const { run } = await world.launch(blueprintOf(step('inc', lit(1), '$.a'), ['inc']))
	await world.runs.assignSeat(run.id, 'main', 'S-before', 'before', 'acquire')
	const deps = {
		runs: world.runs,
		operators: { find: async () => null, takes: () => true, manifestOf: () => null, anyLive: async () => false },
		planOf: () => Promise.reject(new Error('the commit is gone')),
		seatAssigned() {},
	}
	for (const [slot, generation] of [
		[undefined, 2],
		['main', 3],
	] as const) {
		const taken = await acquireSeat(deps, run.id, { op: 'S-after', desc: 'after', ...(slot && { slot }) })
		expect([taken.seat.slot, taken.seat.generation, taken.seat.op]).toEqual(['main', generation, 'S-after'])
	}
})
