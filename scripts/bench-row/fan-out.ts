import { blueprintOf, fanOut, step } from './part/blueprint.ts'
import { openBareDatabase } from './part/disk.ts'
import { openEmbedded } from './part/embedded.ts'
import { compare, repeat } from './part/round.ts'
import type { BenchRow } from './row.ts'

const LANES = 200

/** A run of one fan-out, from its launch to its end on disk. */
export const fanOutRow: BenchRow = {
	name: 'fan-out',
	async measure({ quick, rounds, folder }) {
		const runs = quick ? 3 : 30
		const blueprint = blueprintOf('fan-out', fanOut(LANES, step('echo', 'x', '$.answer')))
		using bare = openBareDatabase(folder())
		await using engine = await openEmbedded(folder())
		await repeat(runs, () => engine.run(blueprint))
		const {
			value,
			bare: limit,
			ratio,
		} = await compare(
			rounds,
			() => repeat(runs, () => bare.stepsMs(LANES, LANES)),
			() => repeat(runs, () => engine.run(blueprint)),
		)
		return [
			{
				what: `a fan-out of ${LANES} lanes`,
				...{ value, unit: 'ms', ratio },
				bare: { what: 'two rows a lane, one commit', value: limit },
				floors: [{ of: 'value', is: 'at most', limit: 5 }],
			},
		]
	},
}
