import { blueprintOf, chain, step } from './part/blueprint.ts'
import { openBareDatabase } from './part/disk.ts'
import { openEmbedded } from './part/embedded.ts'
import { compare } from './part/round.ts'
import type { BenchRow } from './row.ts'

/** Steps of pure functions, one after the other in one run. They may share commits. */
export const chainRow: BenchRow = {
	name: 'chain',
	async measure({ quick, rounds, folder }) {
		const steps = quick ? 2000 : 50_000
		const blueprint = blueprintOf('chain', chain(steps, step('echo', 'x', '$.last')))
		using bare = openBareDatabase(folder())
		await using engine = await openEmbedded(folder())
		await engine.run(blueprint)
		const {
			value,
			bare: limit,
			ratio,
		} = await compare(
			rounds,
			async () => (steps / (await bare.stepsMs(steps, 1000))) * 1000,
			async () => (steps / (await engine.run(blueprint))) * 1000,
		)
		return [
			{
				what: 'pure steps in a chain',
				...{ value, unit: '/s', ratio },
				bare: { what: 'two rows a step, 1 000 a commit', value: limit },
				floors: [{ of: 'value', is: 'at least', limit: 100_000 }],
			},
		]
	},
}
