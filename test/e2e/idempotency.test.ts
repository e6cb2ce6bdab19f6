import { expect, test } from 'bun:test'
import type { RunRecord } from '../../src/protocol/run.ts'
import type { LaunchReply } from '../../src/protocol/task.ts'
import { blueprintOf, lit, step } from '../support/blueprints.ts'
import { eventually } from '../support/eventually.ts'
import { type Answer, call, callUntilAnswered } from './support/api.ts'
import { readLog } from './support/event-reader.ts'
import { joinOperator, type SpawnFrame } from './support/operator.ts'
import { seededRandom } from './support/random.ts'
import { startTestServer } from './support/server.ts'

const sleeper = blueprintOf(step('sleeper', lit(null), '$.out'), [], {
	agents: [{ name: 'sleeper', kind: 'rust_fn', spec: { fn_id: 'sleep', ms: 1500 } }],
})
const launchOf = (over: object = {}) => ({ blueprint: { kind: 'inline', value: sleeper }, init_ctx: {}, ...over })
const forMain = {
	id: 'asked',
	flow: step('writer', lit('write it'), '$.text'),
	agents: [{ name: 'writer', kind: 'operator', spec: { operator_ref: 'main' } }],
	operators: [{ name: 'main' }],
}
const LAUNCHES = 16
const headers = (key: string) => ({ 'idempotency-key': key })

test('a launch with a key whose server is killed answers its repeat with the same run, once it has ended', async () => {
	await using server = await startTestServer()
	const { url } = server
	const options = { json: launchOf(), headers: headers('once') }
	const lost = call('POST', `${url}/v1/tasks`, options).catch((error: unknown) => error)
	const [run] = await eventually(
		async () => {
			const { runs } = (await call<{ runs: RunRecord[] }>('GET', `${url}/v1/runs`)).body
			return runs.length > 0 && runs
		},
		{ what: 'the run is there' },
	)
	await server.restart()
	expect(await lost).toBeInstanceOf(Error)
	const again = await callUntilAnswered<LaunchReply>('POST', `${url}/v1/tasks`, options)
	expect([again.status, again.body.run_id, again.body.status]).toEqual([200, String(run?.id), 'done'])
	expect((await call<{ runs: RunRecord[] }>('GET', `${url}/v1/runs`)).body.runs).toHaveLength(1)
}, 30_000)

test('whenever the server is killed, a client that repeats each launch until it is answered gets one run for each', async () => {
	await using server = await startTestServer()
	const { url } = server
	const random = seededRandom(7)
	const launch = (n: number): Promise<Answer<LaunchReply>> =>
		callUntilAnswered('POST', `${url}/v1/tasks`, { json: launchOf({ detach: true, goal: `${n}` }), headers: headers(`k${n}`) })
	const answered: Answer<LaunchReply>[] = []
	for (let n = 0; n < LAUNCHES; n++) {
		const both = Promise.all([launch(n), launch(n)])
		for (let turns = Math.floor(random() * 12); turns > 0; turns--) await new Promise((turned) => setImmediate(turned))
		await server.restart()
		answered.push(...(await both))
	}
	expect(new Set(answered.map(({ status }) => status))).toEqual(new Set([202]))
	const ids = new Set(answered.map(({ body }) => body.run_id))
	const { runs } = (await call<{ runs: RunRecord[] }>('GET', `${url}/v1/runs?limit=1000`)).body
	expect([ids.size, runs.length]).toEqual([LAUNCHES, LAUNCHES])
}, 60_000)

test('a submit whose answer was lost with the server is answered when it is repeated, and is there once', async () => {
	await using server = await startTestServer()
	const { url } = server
	const spawned = Promise.withResolvers<SpawnFrame>()
	const work = (frame: SpawnFrame): Promise<never> => {
		spawned.resolve(frame)
		return new Promise(() => {})
	}
	await using _operator = await joinOperator({ url, roles: ['main'], work })
	const json = { blueprint: { kind: 'inline', value: forMain }, init_ctx: {}, detach: true }
	await call('POST', `${url}/v1/tasks`, { json })
	const { worker_handle = '' } = await spawned.promise
	const submit = () => callUntilAnswered('POST', `${url}/v1/worker/submit`, { text: 'done', bearer: worker_handle, headers: headers('s') })
	expect((await submit()).status).toBe(204)
	await server.restart()
	expect((await submit()).status).toBe(204)
	const log = await readLog(url, 'kind=attempt.submitted')
	expect(log).toHaveLength(1)
})
