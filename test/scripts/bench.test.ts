import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { tempDir } from '../support/temp-dir.ts'
import { CHECKOUT } from './checkout.ts'

interface Report {
	readonly commit_ms: number
	readonly figures: readonly { readonly row: string; readonly what: string; readonly value: number; readonly met: boolean }[]
}

const ROWS = [
	'one-step',
	'chain',
	'flushed',
	'fan-out',
	'operator',
	'hive-send',
	'flow',
	'metrics',
	'subscriber',
	'waiting',
	'recovery',
	'workers',
	'start',
]

test('a quick bench measures every row, prints it and writes it as JSON', async () => {
	using folder = tempDir()
	const file = join(folder.path, 'bench.json')
	const { code, stdout, stderr } = await bench('--quick', '--json', file, '--dir', folder.path)
	expect([code, [...(stderr.match(/^[a-z-]+ …$/gm) ?? [])]]).toEqual([0, ROWS.map((name) => `${name} …`)])
	const report = (await Bun.file(file).json()) as Report
	expect([...new Set(report.figures.map(({ row }) => row))]).toEqual(ROWS)
	for (const { what, value, met } of report.figures) {
		expect(stdout).toContain(what)
		expect([typeof met, Number.isFinite(value)]).toEqual(['boolean', true])
	}
	expect(report.figures.find(({ what }) => what === 'finished steps repeated')?.value).toBe(0)
}, 120_000)

test('a row that does not exist is refused with the names of those that do', async () => {
	const { code, stderr } = await bench('--only', 'nothing')
	expect(code).toBe(2)
	for (const name of ROWS) expect(stderr).toContain(name)
}, 60_000)

async function bench(...args: readonly string[]) {
	const child = Bun.spawn([join(CHECKOUT, 'scripts/bench'), ...args], { stdout: 'pipe', stderr: 'pipe' })
	const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
	return { stdout, stderr, code }
}
