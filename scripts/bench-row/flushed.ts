import { blueprintOf, chain, step } from './part/blueprint.ts'
import { openBareDatabase } from './part/disk.ts'
import { openEmbedded } from './part/embedded.ts'
import { compare } from './part/round.ts'
import type { BenchRow } from './row.ts'

/** A chain of functions with effects: what came before is on disk before each of them is called. */
export const flushedRow: BenchRow = {
	name: 'flushed',
	async measure({ quick, rounds, folder }) {
		const steps = quick ? 50 : 2000
		const blueprint = blueprintOf('flushed', chain(steps, step('sleep', 0, '$.last')))
		using bare = openBareDatabase(folder())
		await using engine = await openEmbedded(folder())
		await engine.run(blueprint)
		const {
			value,
			bare: limit,
			ratio,
		} = await compare(
			rounds,
			() => bare.commitMs(steps),
			async () => (await engine.run(blueprint)) / steps,
		)
		return [
			{
				what: 'a step that must be flushed',
				...{ value, unit: 'ms', ratio },
				bare: { what: 'a FULL commit of one small row', value: limit },
				floors: [{ of: 'ratio', is: 'at most', limit: 1.3 }],
			},
		]
	},
}
