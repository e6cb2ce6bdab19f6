import { readFileSync } from 'node:fs'
import { operatorBlueprint, step } from './part/blueprint.ts'
import { connectHttp, type HttpClient } from './part/http-client.ts'
import { elapsed } from './part/round.ts'
import { type BenchServer, residentMb, startServer } from './part/server.ts'
import type { BenchRow, Figure } from './row.ts'

const CLIENTS = 32
/** Launching so many leaves garbage: waiting is looked at once that has been collected. */
const SETTLE_MS = 20_000
/** How long the server is left alone to see what waiting costs. */
const IDLE_MS = 5000
const BLUEPRINT = operatorBlueprint('waiting', step('writer', 'write it', '$.written'))

/** Runs of which each waits for an answer that does not come: what one costs in memory and in time, and how soon all of them end. */
export const waitingRow: BenchRow = {
	name: 'waiting',
	async measure(bench) {
		const runs = bench.quick ? 200 : 10_000
		await using server = await startServer(bench.binary, bench.folder())
		const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connectHttp(server.url)))
		await launchRuns(clients, Math.min(runs, 500))
		await cancelAll(server)
		const before = residentMb(server.pid)
		await launchRuns(clients, runs)
		const atOnce = residentMb(server.pid) - before
		await Bun.sleep(bench.quick ? 0 : SETTLE_MS)
		const idle = await idleShare(server)
		const grown = residentMb(server.pid) - before
		const ended = await elapsed(() => cancelAll(server))
		for (const client of clients) client.close()
		return [...figures(runs, { atOnce, grown, idle, ended }), await leftWaiting(server)]
	},
}

interface Taken {
	/** Megabytes right after the last launch, and after the server was left alone. */
	readonly atOnce: number
	readonly grown: number
	readonly idle: number
	readonly ended: number
}

function figures(runs: number, { atOnce, grown, idle, ended }: Taken): readonly Figure[] {
	const nothing = { ratio: null, bare: null }
	const most = (limit: number) => [{ of: 'value', is: 'at most', limit }] as const
	return [
		{ what: `a run of ${runs} just launched, resident`, value: (atOnce * 1024) / runs, unit: 'KiB', ...nothing, floors: [] },
		{ what: `a waiting run of ${runs}, resident`, value: (grown * 1024) / runs, unit: 'KiB', ...nothing, floors: most(8) },
		{ what: 'processor used while all of them wait', value: idle * 100, unit: '%', ...nothing, floors: most(1) },
		{ what: 'one call ends all of them', value: ended, unit: 'ms', ...nothing, floors: most(5000) },
	]
}

async function leftWaiting({ url }: BenchServer): Promise<Figure> {
	const { runs } = (await (await fetch(`${url}/v1/runs?status=running&limit=10`)).json()) as { runs: readonly unknown[] }
	const none = { of: 'value', is: 'at most', limit: 0 } as const
	return { what: 'runs that still wait after it', value: runs.length, unit: '', ratio: null, bare: null, floors: [none] }
}

/** Every client launches its part, one after the other; the seat is held by an operator that has no socket. */
async function launchRuns(clients: readonly HttpClient[], runs: number): Promise<void> {
	let left = runs
	await Promise.all(
		clients.map(async (client) => {
			const { sid } = JSON.parse(await client.send('POST', '/v1/operators', { body: '{}' })) as { sid: string }
			const launch = { blueprint: { kind: 'inline', value: BLUEPRINT }, init_ctx: {}, operator_sid: sid, detach: true }
			const body = JSON.stringify(launch)
			while (left-- > 0) await client.send('POST', '/v1/tasks', { body })
		}),
	)
}

async function cancelAll({ url }: Pick<BenchServer, 'url'>): Promise<void> {
	const body = JSON.stringify({ all: true, reason: 'the measurement is over' })
	const answer = await fetch(`${url}/v1/runs/cancel`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
	if (!answer.ok) throw new Error(`cancelling all was answered ${answer.status}: ${await answer.text()}`)
	await answer.text()
}

/** Share of one core that the process took while nobody asked it anything. */
async function idleShare({ pid }: BenchServer): Promise<number> {
	const from = ticks(pid)
	await Bun.sleep(IDLE_MS)
	return ((ticks(pid) - from) * 10) / IDLE_MS
}

/** Time on a processor in hundredths of a second: user and system, the 14th and 15th field. */
function ticks(pid: number): number {
	const [, after = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')
	const fields = after.split(' ')
	return Number(fields[11]) + Number(fields[12])
}
