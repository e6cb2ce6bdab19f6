import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

const { values: flags } = parseArgs({ options: { minutes: { type: 'string', default: '2' }, rate: { type: 'string', default: '50' } } })
const [minutes, rate] = [Number(flags.minutes), Number(flags.rate)]
const BODY = JSON.stringify({ blueprint: { kind: 'id', id: 'main' }, init_ctx: {} })
const MB = 2 ** 20
/** A slice of the table; short soaks have short ones. */
const sliceMs = minutes >= 4 ? 60_000 : 15_000

const place = mkdtempSync(join(tmpdir(), 'mse-soak-'))
const child = startServer()
try {
	await soak(await addressOf())
} finally {
	child.kill('SIGTERM')
	await child.exited
	rmSync(place, { recursive: true, force: true })
}

function startServer() {
	const argv = [
		'serve',
		'--bind',
		'127.0.0.1:0',
		'--data-dir',
		join(place, 'data'),
		'--address-file',
		join(place, 'address'),
		'--hive-run-dir',
		join(place, 'hive'),
		'--drain-secs',
		'0',
	]
	return Bun.spawn([process.execPath, resolve(import.meta.dir, '../../src/main.ts'), ...argv], { stdout: 'ignore', stderr: 'inherit' })
}

async function addressOf(): Promise<string> {
	const file = join(place, 'address')
	for (let tries = 0; tries < 200 && !existsSync(file); tries++) await Bun.sleep(50)
	return readFileSync(file, 'utf8').trim()
}

async function soak(url: string): Promise<void> {
	const points: { readonly minute: number; readonly rss: number }[] = []
	const end = performance.now() + minutes * 60_000
	const begun = performance.now()
	process.stdout.write(`${rate} runs a second for ${minutes} minutes\n\n  minute  runs    failed  p50 ms  p99 ms  RSS MB\n`)
	while (end - performance.now() > 1000) {
		const { times, failed } = await load(url, Math.min(performance.now() + sliceMs, end))
		const minute = (performance.now() - begun) / 60_000
		points.push({ minute, rss: rssOf(child.pid) / MB })
		const at = (share: number): string => (times[Math.floor(times.length * share)] ?? Number.NaN).toFixed(1).padEnd(8)
		const row = [minute.toFixed(2).padEnd(8), String(times.length).padEnd(8), String(failed).padEnd(8), at(0.5), at(0.99)]
		process.stdout.write(`  ${row.join('')}${points.at(-1)?.rss.toFixed(0)}\n`)
	}
	const settled = points.slice(Math.floor(points.length / 3))
	process.stdout.write(`\nafter the warm-up RSS grows by ${slope(settled).toFixed(2)} MB a minute (${settled.length} points)\n`)
}

/** As many launches a second as asked for, each awaited to its end; times are sorted. */
async function load(url: string, until: number): Promise<{ times: number[]; failed: number }> {
	const times: number[] = []
	let failed = 0
	const open = new Set<Promise<void>>()
	const one = async (): Promise<void> => {
		const start = performance.now()
		const answer = await fetch(`${url}/v1/tasks`, { method: 'POST', body: BODY, headers: { 'content-type': 'application/json' } }).catch(
			() => null,
		)
		await answer?.text()
		if (answer?.ok) times.push(performance.now() - start)
		else failed++
	}
	for (let next = performance.now(); next < until; next += 1000 / rate) {
		await Bun.sleep(Math.max(0, next - performance.now()))
		const work = one().finally(() => open.delete(work))
		open.add(work)
	}
	await Promise.all(open)
	return { times: times.sort((a, b) => a - b), failed }
}

function rssOf(pid: number): number {
	const [, pages = '0'] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')
	return Number(pages) * 4096
}

/** Least squares. */
function slope(points: readonly { readonly minute: number; readonly rss: number }[]): number {
	const mean = (pick: (point: (typeof points)[number]) => number): number =>
		points.reduce((sum, point) => sum + pick(point), 0) / points.length
	const [x, y] = [mean(({ minute }) => minute), mean(({ rss }) => rss)]
	const spread = points.reduce((sum, { minute }) => sum + (minute - x) ** 2, 0)
	return spread === 0 ? 0 : points.reduce((sum, { minute, rss }) => sum + (minute - x) * (rss - y), 0) / spread
}
