import { blueprintOf, chain, seq, step } from './part/blueprint.ts'
import { type ReadEvent, readEvents } from './part/event-read.ts'
import { compare } from './part/round.ts'
import { type BenchServer, startServer } from './part/server.ts'
import type { Bench, BenchRow } from './row.ts'

const STEPS = 10
const TEN_MINUTES_MS = 600_000
/** Nine steps that end, and a last one in which the run is when the server dies. */
const BLUEPRINT = blueprintOf('recovery', seq(chain(STEPS - 1, step('echo', 'x', '$.last')), step('sleep', TEN_MINUTES_MS, '$.late')))

/** Pure steps are not dispatched, and the first attempt of a function begins with its step: of each run only the last step says so. */
const LATE_BEGAN = 'step.dispatched'
const LATE_BEGAN_AGAIN = 'attempt.started'

/** kill -9 under many unfinished runs: how soon the next server has every one of them at work again, and what it repeats. */
export const recoveryRow: BenchRow = {
	name: 'recovery',
	async measure(bench) {
		const runs = bench.quick ? 20 : 200
		let repeated = 0
		const { value, bare, ratio } = await compare(
			bench.quick ? 1 : Math.min(bench.rounds, 3),
			() => emptyStart(bench),
			async () => {
				const recovered = await recover(bench, runs)
				repeated += recovered.repeated
				return recovered.ms
			},
		)
		return [
			{
				what: `${runs} runs of ten steps go on after kill -9`,
				...{ value, unit: 'ms', ratio },
				bare: { what: 'the start of an empty server', value: bare },
				floors: [{ of: 'value', is: 'at most', limit: 2000 }],
			},
			{
				what: 'finished steps repeated',
				...{ value: repeated, unit: '', ratio: null, bare: null },
				floors: [{ of: 'value', is: 'at most', limit: 0 }],
			},
		]
	},
}

async function emptyStart({ binary, folder }: Bench): Promise<number> {
	await using server = await startServer(binary, folder())
	return server.healthyAfterMs
}

async function recover({ binary, folder }: Bench, runs: number): Promise<{ ms: number; repeated: number }> {
	const data = folder()
	const first = await startServer(binary, data)
	await Promise.all(Array.from({ length: runs }, () => launch(first)))
	await latest(first, LATE_BEGAN, runs)
	await first.kill()

	await using second = await startServer(binary, data)
	const at = await latest(second, LATE_BEGAN_AGAIN, runs)
	return { ms: at - second.startedAt, repeated: repeatedSteps(await readEvents(second.url, 'step.completed')) }
}

async function launch({ url }: BenchServer): Promise<void> {
	const body = JSON.stringify({ blueprint: { kind: 'inline', value: BLUEPRINT }, init_ctx: {}, detach: true })
	const answer = await fetch(`${url}/v1/tasks`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
	if (answer.status !== 202) throw new Error(`a launch was answered ${answer.status}: ${await answer.text()}`)
	await answer.text()
}

/** Waits until that happened so many times; when it did for the last time, by the server's clock. */
async function latest({ url }: BenchServer, kind: string, times: number): Promise<number> {
	for (;;) {
		const seen = await readEvents(url, kind)
		if (seen.length > times) throw new Error(`${kind} ${seen.length} times, which is more than ${times}`)
		if (seen.length === times) return Math.max(...seen.map(({ at }) => at))
		await Bun.sleep(20)
	}
}

function repeatedSteps(completed: readonly ReadEvent[]): number {
	return completed.length - new Set(completed.map(({ run_id, data }) => `${run_id} ${data.position}`)).size
}
