import { parseArgs } from 'node:util'
import { slopeOf } from './fit.ts'
import { slice } from './load.ts'
import { startPeers } from './peers.ts'
import { type SoakedServer, startSoakedServer } from './server.ts'

const MB = 2 ** 20
/** Share of the time that counts as warm-up. */
const WARM_UP = 0.4

const { values: flags } = parseArgs({
	options: {
		minutes: { type: 'string', default: '4' },
		rate: { type: 'string', default: '40' },
		rows: { type: 'string', default: '2000' },
	},
})
const [minutes, rate, rows] = [Number(flags.minutes), Number(flags.rate), Number(flags.rows)]
if (![minutes, rate, rows].every((number) => number > 0)) {
	process.stderr.write('soak: --minutes, --rate and --rows take numbers above 0.\n')
	process.exit(2)
}
const say = (text: string): void => void process.stdout.write(`${text}\n`)

await using server = await startSoakedServer(rows)
await soak(server)
process.exitCode = 0

async function soak({ url, rss }: SoakedServer): Promise<void> {
	const left = new AbortController()
	const seen = await startPeers(url, left.signal)
	const points: { readonly minute: number; readonly rss: number; readonly p50: number; readonly p99: number }[] = []
	const [begun, end] = [performance.now(), performance.now() + minutes * 60_000]
	const sliceMs = Math.min(60_000, (minutes * 60_000) / 16)
	let n = 0
	say(`${rate} runs of functions a second and ${(rate / 10) * 3} of other kinds, for ${minutes} minutes; about ${rows} rows are kept\n`)
	say('  minute  runs    failed  p50 ms  p99 ms  RSS MB')
	while (end - performance.now() > sliceMs / 2) {
		const memory = sampled(rss)
		const { times, failures } = await slice(url, rate, Math.min(performance.now() + sliceMs, end), () => n++)
		const at = (share: number): number => times[Math.floor(times.length * share)] ?? Number.NaN
		const point = { minute: (performance.now() - begun) / 60_000, rss: memory.median() / MB, p50: at(0.5), p99: at(0.99) }
		points.push(point)
		const cells = [point.minute.toFixed(2), times.length, failures.length, point.p50.toFixed(1), point.p99.toFixed(1), point.rss.toFixed(0)]
		say(`  ${cells.map((cell) => String(cell).padEnd(8)).join('')}`)
		for (const failure of new Set(failures)) say(`    ${failure}`)
	}
	left.abort()
	const settled = points.filter(({ minute }) => minute >= minutes * WARM_UP)
	const perTen = (pick: (point: (typeof points)[number]) => number): string =>
		(10 * slopeOf(settled.map((point) => ({ x: point.minute, y: pick(point) })))).toFixed(2)
	say(`\nafter the warm-up (${settled.length} points), in 10 minutes: RSS ${perTen((it) => it.rss)} MB`)
	say(`p50 ${perTen((it) => it.p50)} ms, p99 ${perTen((it) => it.p99)} ms`)
	say(`followers read ${seen.events} events, ${seen.wrong} of them out of order`)
}

/** Looks each second until it is asked: a collection of garbage just before or after the end of a slice says nothing. */
function sampled(look: () => number): { median(): number } {
	const seen = [look()]
	const timer = setInterval(() => seen.push(look()), 1000)
	return {
		median() {
			clearInterval(timer)
			return seen.sort((a, b) => a - b)[Math.floor(seen.length / 2)] ?? Number.NaN
		},
	}
}
