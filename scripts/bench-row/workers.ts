import { median } from './part/round.ts'
import { residentMb, startServer } from './part/server.ts'
import type { Bench, BenchRow } from './row.ts'

const CLIENTS = 32
const PAGE = 256
/** How long the server is idle before its memory is looked at. */
const IDLE_MS = 3000

const CREATE = JSON.stringify({ intent: { kind: 'assistant' }, profile: { kind: 'runtime_default' } })

/** Many long-lived workers that have nothing to do: how soon a page of their list is there, and what one of them holds. */
export const workersRow: BenchRow = {
	name: 'workers',
	async measure(bench) {
		const count = bench.quick ? 200 : 10_000
		const { pageMs, kib, createdKib } = await idleWorkers(bench, count)
		return [
			{
				what: `a page of ${PAGE} of ${count} workers`,
				...{ value: pageMs, unit: 'ms', ratio: null, bare: null },
				floors: [{ of: 'value', is: 'at most', limit: 50 }],
			},
			{
				what: 'resident for each idle worker',
				...{ value: kib, unit: 'KiB', ratio: null, bare: null },
				floors: [{ of: 'value', is: 'at most', limit: 4 }],
			},
			{
				what: 'the same, and what creating it left behind',
				...{ value: createdKib, unit: 'KiB', ratio: null, bare: null },
				floors: [{ of: 'value', is: 'at most', limit: 4 }],
			},
		]
	},
}

/** The memory is that of the next life, which has taken all of them up. */
async function idleWorkers({ binary, folder, quick }: Bench, count: number): Promise<{ pageMs: number; kib: number; createdKib: number }> {
	const data = folder()
	const empty = await (async () => {
		await using server = await startServer(binary, data)
		await Bun.sleep(quick ? 0 : IDLE_MS)
		return residentMb(server.pid)
	})()
	const first = await startServer(binary, data)
	await Promise.all(Array.from({ length: CLIENTS }, (_, n) => createSome(first.url, Math.floor((count + n) / CLIENTS))))
	await Bun.sleep(quick ? 0 : IDLE_MS)
	const created = residentMb(first.pid)
	await first.kill()
	await using server = await startServer(binary, data)
	await Bun.sleep(quick ? 0 : IDLE_MS)
	const resident = residentMb(server.pid)
	const share = (megabytes: number): number => Math.max(0, ((megabytes - empty) * 1024) / count)
	return { pageMs: median(await pageTimes(server.url)), kib: share(resident), createdKib: share(created) }
}

async function createSome(url: string, count: number): Promise<void> {
	for (let n = 0; n < count; n++) {
		const answer = await fetch(`${url}/v1/workers`, { method: 'POST', body: CREATE, headers: { 'content-type': 'application/json' } })
		await answer.text()
		if (!answer.ok) throw new Error(`a worker was answered ${answer.status}`)
	}
}

async function pageTimes(url: string): Promise<number[]> {
	const times: number[] = []
	for (let after: string | undefined = ''; after !== undefined; ) {
		const from = performance.now()
		const page = (await (await fetch(`${url}/v1/workers?limit=${PAGE}&after=${after}`)).json()) as { next_after?: string }
		times.push(performance.now() - from)
		after = page.next_after
	}
	return times
}
