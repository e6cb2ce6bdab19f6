import { join } from 'node:path'
import { blueprintOf, chain, seq, step } from './part/blueprint.ts'
import { readEvents } from './part/event-read.ts'
import { connectHttp } from './part/http-client.ts'
import { elapsed } from './part/round.ts'
import { runScript, startServer } from './part/server.ts'
import type { SubscriberLoad, SubscriberResult } from './part/subscriber-load.ts'
import type { Bench, BenchRow, Figure } from './row.ts'

const least = (limit: number) => [{ of: 'value', is: 'at least', limit }] as const
const most = (limit: number) => [{ of: 'value', is: 'at most', limit }] as const
const alone = { ratio: null, bare: null }

/** Many readers of the one log at once, and one that comes back after a long time. */
export const subscriberRow: BenchRow = {
	name: 'subscriber',
	measure: async (bench) => [...(await following(bench)), ...(await resuming(bench))],
}

async function following({ binary, folder, quick }: Bench): Promise<readonly Figure[]> {
	await using server = await startServer(binary, folder())
	const load: SubscriberLoad = {
		url: server.url,
		subscribers: quick ? 20 : 1000,
		seconds: quick ? 1 : 10,
		runsPerSecond: RUNS_PER_SECOND,
		blueprint: blueprintOf('subscriber', step('echo', 'x', '$.said')),
	}
	const { missed, eventsPerSecond, p50Ms, p99Ms } = await runScript<SubscriberResult>(
		join(import.meta.dir, 'part/subscriber-load.ts'),
		load,
	)
	const who = `${load.subscribers} subscribers`
	return [
		{ what: `events each of ${who} is sent`, value: eventsPerSecond, unit: '/s', ...alone, floors: least(quick ? 0 : 100) },
		{ what: 'events that did not reach all of them', value: missed, unit: '', ...alone, floors: most(0) },
		{ what: 'from the log to them, p50', value: p50Ms, unit: 'ms', ...alone, floors: [] },
		{ what: 'from the log to them, p99', value: p99Ms, unit: 'ms', ...alone, floors: [] },
	]
}

/** A run of one pure step is three events. */
const RUNS_PER_SECOND = 36

async function resuming({ binary, folder, quick }: Bench): Promise<readonly Figure[]> {
	await using server = await startServer(binary, folder())
	const [runs, steps] = quick ? [2, 100] : [100, 1000]
	const blueprint = blueprintOf('history', seq(chain(steps, step('echo', 'x', '$.last'))))
	const http = await connectHttp(server.url)
	const body = JSON.stringify({ blueprint: { kind: 'inline', value: blueprint }, init_ctx: {} })
	for (let n = 0; n < runs; n++) await http.send('POST', '/v1/tasks', { body })
	http.close()
	let read = 0
	const ms = await elapsed(async () => {
		read = (await readEvents(server.url, '')).length
	})
	const perHundredThousand = (ms * 100_000) / read
	return [{ what: `resuming over 100 000 events (${read} read)`, value: perHundredThousand, unit: 'ms', ...alone, floors: most(1000) }]
}
