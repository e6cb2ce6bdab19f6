import { parseArgs } from 'node:util'
import { runChaos } from './chaos.ts'
import { reportText } from './report.ts'

const say = (text: string): void => void process.stdout.write(`${text}\n`)

const { values: flags } = parseArgs({
	options: {
		kills: { type: 'string', default: '25' },
		seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 32)) },
		keep: { type: 'boolean', default: false },
	},
})
const [kills, seed] = [Number(flags.kills), Number(flags.seed)]
if (!Number.isInteger(kills) || kills < 0 || !Number.isInteger(seed) || seed < 0) {
	process.stderr.write('chaos: --kills and --seed take whole numbers.\n')
	process.exit(2)
}
const report = await runChaos({ kills, seed, keep: flags.keep, say })
say(reportText(report))
process.exit(report.faults.every(({ found }) => found.length === 0) ? 0 : 1)
