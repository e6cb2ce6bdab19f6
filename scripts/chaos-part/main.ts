import { parseArgs } from 'node:util'
import { runChaos } from './chaos.ts'
import { hiveReportText, runHiveChaos } from './hive.ts'
import { reportText } from './report.ts'

const say = (text: string): void => void process.stdout.write(`${text}\n`)

const { values: flags } = parseArgs({
	options: {
		kills: { type: 'string', default: '25' },
		seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 32)) },
		keep: { type: 'boolean', default: false },
		hive: { type: 'boolean', default: false },
	},
})
const [kills, seed] = [Number(flags.kills), Number(flags.seed)]
if (!Number.isInteger(kills) || kills < 0 || !Number.isInteger(seed) || seed < 0) {
	process.stderr.write('chaos: --kills and --seed take whole numbers.\n')
	process.exit(2)
}
const isClean = ({ faults }: { readonly faults: readonly { readonly found: readonly string[] }[] }): boolean =>
	faults.every(({ found }) => found.length === 0)

if (flags.hive) {
	const report = await runHiveChaos({ kills, seed, say })
	say(hiveReportText(report))
	process.exit(isClean(report) ? 0 : 1)
}
const report = await runChaos({ kills, seed, keep: flags.keep, say })
say(reportText(report))
process.exit(isClean(report) ? 0 : 1)
