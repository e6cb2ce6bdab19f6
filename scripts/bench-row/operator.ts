import { join } from 'node:path'
import { chain, operatorBlueprint, step } from './part/blueprint.ts'
import type { OperatorLoad, OperatorLoadResult } from './part/operator-load.ts'
import { compare, median } from './part/round.ts'
import { runScript, startScript, startServer } from './part/server.ts'
import type { BenchRow } from './row.ts'

const OPERATORS = 100

/**
 * Steps of operators, each in a run of its own: spawn frame, prompt, submit, acknowledgement, outcome and next request on
 * disk. The bare chain has the same messages and commits at the same three places: before the frame leaves, before the
 * submit is answered, and when the acknowledgement came.
 */
export const operatorRow: BenchRow = {
	name: 'operator',
	async measure({ binary, quick, rounds, folder }) {
		const steps = quick ? 4 : 40
		const blueprint = operatorBlueprint('operator', chain(steps, step('writer', 'write it', '$.written')))
		await using bareServer = await startScript(join(import.meta.dir, 'part/bare-server.ts'), [folder()])
		await using server = await startServer(binary, folder())
		const taken: OperatorLoadResult[] = []
		const ours = async (): Promise<number> => {
			const result = await load({ url: server.url, operators: OPERATORS, steps, blueprint })
			taken.push(result)
			return result.perSecond
		}
		const bare = async (): Promise<number> => (await load({ url: bareServer.url, operators: OPERATORS, steps, blueprint: null })).perSecond
		await ours()
		taken.length = 0
		const { value, bare: limit, ratio } = await compare(rounds, bare, ours)
		return [
			{
				what: `operator steps, ${OPERATORS} in flight`,
				...{ value, unit: '/s', ratio },
				bare: { what: 'the same messages, three commits', value: limit },
				floors: [{ of: 'ratio', is: 'at least', limit: 0.3 }],
			},
			{
				what: 'their round trip, p99',
				...{ value: median(taken.map(({ p99Ms }) => p99Ms)), unit: 'ms' },
				bare: { what: 'its p50', value: median(taken.map(({ p50Ms }) => p50Ms)) },
				ratio: median(taken.map(({ p99Ms, p50Ms }) => p99Ms / p50Ms)),
				floors: [{ of: 'ratio', is: 'at most', limit: 10 }],
			},
		]
	},
}

const load = (options: OperatorLoad): Promise<OperatorLoadResult> => runScript(join(import.meta.dir, 'part/operator-load.ts'), options)
