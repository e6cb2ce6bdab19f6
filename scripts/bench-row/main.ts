import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { chainRow } from './chain.ts'
import { fanOutRow } from './fan-out.ts'
import { flowRow } from './flow.ts'
import { flushedRow } from './flushed.ts'
import { hiveSendRow } from './hive-send.ts'
import { metricsRow } from './metrics.ts'
import { oneStepRow } from './one-step.ts'
import { operatorRow } from './operator.ts'
import { openBareDatabase } from './part/disk.ts'
import { table } from './part/print.ts'
import { repeat } from './part/round.ts'
import { recoveryRow } from './recovery.ts'
import { type Bench, type BenchRow, type Figure, isMet } from './row.ts'
import { startRow } from './start.ts'
import { subscriberRow } from './subscriber.ts'
import { waitingRow } from './waiting.ts'
import { workersRow } from './workers.ts'

/** In the order of the table. A new row is a file and a line here. */
const rows: readonly BenchRow[] = [
	oneStepRow,
	chainRow,
	flushedRow,
	fanOutRow,
	operatorRow,
	hiveSendRow,
	flowRow,
	metricsRow,
	subscriberRow,
	waitingRow,
	recoveryRow,
	workersRow,
	startRow,
]

const CHECKOUT = resolve(import.meta.dir, '../..')
const say = (text: string): void => void process.stdout.write(`${text}\n`)

const { values: flags } = parseArgs({
	options: {
		only: { type: 'string', multiple: true },
		quick: { type: 'boolean', default: false },
		json: { type: 'string' },
		dir: { type: 'string' },
	},
})
const caller = process.env.MSE_BENCH_CALLER ?? process.cwd()
process.exit(await bench())

async function bench(): Promise<number> {
	const chosen = rows.filter(({ name }) => flags.only === undefined || flags.only.includes(name))
	const unknown = flags.only?.filter((name) => !rows.some((row) => row.name === name)) ?? []
	if (unknown.length > 0) return refuse(`there is no row "${unknown[0]}"; there are ${rows.map(({ name }) => name).join(', ')}.`)

	const place = mkdtempSync(join(flags.dir === undefined ? tmpdir() : resolve(caller, flags.dir), 'mse-bench-'))
	try {
		const world = newBench(place, flags.quick)
		const commitMs = await commitTime(world)
		say(`${availableParallelism()} cores; a FULL commit of one small row takes ${commitMs.toFixed(3)} ms on ${place}\n`)
		const figures = await measure(chosen, world)
		say(table(figures))
		say(verdict(figures))
		if (flags.json !== undefined) writeFileSync(resolve(caller, flags.json), toJson(commitMs, figures))
		return 0
	} finally {
		rmSync(place, { recursive: true, force: true })
	}
}

function refuse(why: string): number {
	process.stderr.write(`bench: ${why}\n`)
	return 2
}

function newBench(place: string, quick: boolean): Bench {
	return {
		binary: join(CHECKOUT, 'dist/mse-server'),
		...{ quick, rounds: quick ? 1 : 5 },
		folder: () => mkdtempSync(join(place, 'data-')),
	}
}

async function commitTime({ folder, rounds }: Bench): Promise<number> {
	using bare = openBareDatabase(folder())
	return await repeat(rounds, () => bare.commitMs(200))
}

/** A figure with the name of its row. */
type Measured = Figure & { readonly row: string }

async function measure(chosen: readonly BenchRow[], world: Bench): Promise<Measured[]> {
	const figures: Measured[] = []
	for (const row of chosen) {
		process.stderr.write(`${row.name} …\n`)
		for (const figure of await row.measure(world)) figures.push({ row: row.name, ...figure })
	}
	return figures
}

function verdict(figures: readonly Figure[]): string {
	const missed = figures.filter((figure) => !isMet(figure))
	if (flags.quick) return '\nsizes were small: these figures say that every row runs, and nothing about speed.'
	if (missed.length === 0) return '\nevery floor is met.'
	return `\nmissed: ${missed.map(({ what }) => what).join('; ')}.`
}

function toJson(commitMs: number, figures: readonly Measured[]): string {
	const report = {
		commit_ms: commitMs,
		cores: availableParallelism(),
		quick: flags.quick,
		figures: figures.map((it) => ({ ...it, met: isMet(it) })),
	}
	return `${JSON.stringify(report, null, '\t')}\n`
}
