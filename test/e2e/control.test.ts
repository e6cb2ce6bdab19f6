import { expect, test } from 'bun:test'
import type { RunRecord } from '../../src/protocol/run.ts'
import { eventually } from '../support/eventually.ts'
import { call, untilEnded } from './support/api.ts'
import { binaryPath, runBinary } from './support/binary.ts'
import { startTestServer, type TestServer } from './support/server.ts'

const lit = (value: unknown) => ({ op: 'lit', value })
const path = (at: string) => ({ op: 'path', at })
const step = (ref: string, input: object, out: string) => ({ kind: 'step', ref, in: input, out: path(out) })
const sleeper = (secs: number) => ({ name: 'nap', kind: 'subprocess', spec: { program: 'sh', args: ['-c', `sleep ${secs}; cat`] } })
const echo = { name: 'echo', kind: 'rust_fn', spec: { fn_id: 'echo' } }
const napping = (secs: number, over: object = {}) => ({
	id: 'nap',
	flow: step('nap', lit('x'), '$.out'),
	agents: [{ ...sleeper(secs), ...over }],
})

type Posted = { readonly status: number; readonly body: { readonly [key: string]: unknown } & { readonly run_id: string } }

const post = (server: TestServer, at: string, json?: unknown): Promise<Posted> =>
	call('POST', server.url + at, json === undefined ? {} : { json }) as Promise<Posted>
const runOf = async (server: TestServer, id: string) => (await call<RunRecord>('GET', `${server.url}/v1/runs/${id}`)).body

async function launch(server: TestServer, blueprint: object, over: object = {}): Promise<string> {
	const { status, body } = await post(server, '/v1/tasks', {
		blueprint: { kind: 'inline', value: blueprint },
		init_ctx: {},
		detach: true,
		...over,
	})
	expect(status).toBe(202)
	return body.run_id
}

async function atWork(server: TestServer, id: string): Promise<string> {
	const find = async () => (await runOf(server, id)).step_entries.find(({ status }) => status === null)?.step_id
	return eventually(find, { what: 'a step in flight' })
}

test('many runs are paused, resumed and cancelled at once, and those paused stay so through a restart', async () => {
	await using server = await startTestServer()
	const flow = { kind: 'seq', children: [step('nap', lit('x'), '$.a'), step('echo', path('$.a'), '$.b')] }
	const runs = await Promise.all([1, 2, 3].map(() => launch(server, { id: 'many', flow, agents: [sleeper(1), echo] })))
	const other = await launch(server, napping(60))
	await Promise.all(runs.map((run) => atWork(server, run)))
	expect((await post(server, '/v1/runs/pause', { blueprint: 'many' })).body.changed).toHaveLength(3)
	await server.restart()
	for (const run of runs) expect(await runOf(server, run)).toMatchObject({ status: 'running', phase: 'paused' })
	expect((await post(server, '/v1/runs/resume', { blueprint: 'many' })).body.changed).toHaveLength(3)
	for (const run of runs) expect(await untilEnded(server.url, run)).toMatchObject({ status: 'done', result_ref: { a: { raw: 'x' } } })
	expect((await post(server, '/v1/runs/cancel', { all: true })).body.changed).toEqual([other])
	expect((await runOf(server, other)).status).toBe('cancelled')
}, 60_000)

test('the kill switch holds everything, through a restart, until it is released', async () => {
	await using server = await startTestServer()
	expect((await post(server, '/v1/server/pause', { reason: 'the room is on fire' })).status).toBe(200)
	const run = await launch(server, { id: 'held', flow: step('echo', lit('x'), '$.out'), agents: [echo] })
	await server.restart()
	expect(await call('GET', `${server.url}/v1/readyz`)).toMatchObject({
		status: 503,
		body: { reasons: ['the server is paused: the room is on fire'] },
	})
	expect(await runOf(server, run)).toMatchObject({ status: 'running', phase: 'paused', step_entries: [] })
	expect((await post(server, '/v1/server/resume')).status).toBe(204)
	expect((await untilEnded(server.url, run)).result_ref).toEqual({ out: 'x' })
}, 60_000)

test('a cancelled step really stops, and its run goes on where the flow catches that', async () => {
	await using server = await startTestServer()
	const flow = { kind: 'try', body: step('nap', lit('x'), '$.never'), catch: step('echo', lit('caught'), '$.out'), err_at: path('$.why') }
	const run = await launch(server, { id: 'caught', flow, agents: [sleeper(77_777), echo] })
	const stepId = await atWork(server, run)
	const sleeping = () => Bun.spawnSync(['ps', '-A', '-o', 'args=']).stdout.toString().includes('sleep 77777')
	await eventually(sleeping, { what: 'the child' })
	expect((await post(server, `/v1/steps/${stepId}/cancel`)).status).toBe(204)
	const ended = await untilEnded(server.url, run)
	expect(ended).toMatchObject({ status: 'done', result_ref: { out: 'caught' } })
	expect(ended.step_entries[0]).toMatchObject({ status: 'cancelled', error: { code: 'cancelled' } })
	expect(sleeping()).toBe(false)
	expect((await post(server, `/v1/steps/${stepId}/cancel`)).status).toBe(409)
}, 60_000)

test('a run goes on from a step with another input, in place and as a run of its own', async () => {
	await using server = await startTestServer()
	const flow = { kind: 'seq', children: [step('echo', lit('one'), '$.a'), step('again', path('$.a'), '$.b')] }
	const run = await launch(server, { id: 'twice', flow, agents: [echo, { ...echo, name: 'again' }] })
	await untilEnded(server.url, run)
	const apart = await post(server, `/v1/runs/${run}/rerun-from`, { from_step: 'again', input: 'new', as: 'new_run' })
	expect(apart).toMatchObject({ status: 202, body: { replayed_steps: 1, dropped_steps: 1 } })
	expect((await untilEnded(server.url, apart.body.run_id)).result_ref).toEqual({ a: 'one', b: 'new' })
	expect((await runOf(server, run)).result_ref).toEqual({ a: 'one', b: 'one' })
	const inPlace = await post(server, `/v1/runs/${run}/rerun-from`, { from_step: 'echo', input: 'edited' })
	expect(inPlace.body).toMatchObject({ run_id: run, generation: 2 })
	expect((await untilEnded(server.url, run)).result_ref).toEqual({ a: 'edited', b: 'edited' })
}, 60_000)

test('each deadline ends what it bounds, by its own code', async () => {
	await using server = await startTestServer()
	const codeOf = async (run: string): Promise<unknown> => {
		const { status, result_ref } = await untilEnded(server.url, run)
		expect(status).toBe('failed')
		return (result_ref as { error: { code: string } }).error.code
	}
	const timeout = await launch(server, napping(60, { policy: { timeout_ms: 300 } }))
	const ttl = await launch(server, napping(60), { ttl_secs: 1 })
	const policy = await launch(server, napping(60), { run_policy: { timeout_ms: 300 } })
	const budget = await launch(server, napping(60), { run_policy: { budget: { wall_ms: 300 } } })
	const codes = [await codeOf(timeout), await codeOf(ttl), await codeOf(policy), await codeOf(budget)]
	expect(codes.slice(1)).toEqual(['run_ttl', 'run_timeout', 'budget_wall_ms'])
	expect((await runOf(server, timeout)).step_entries[0]?.error?.code).toBe('attempt_timeout')
	const ceiling = { blueprint: { kind: 'inline', value: napping(60) }, init_ctx: {}, timeout_secs: 1 }
	expect(await post(server, '/v1/tasks', ceiling)).toMatchObject({ status: 504, body: { code: 'sync_ceiling' } })
}, 60_000)

test('a Blueprint whose child runs it again comes to an end, some levels down', async () => {
	const script = `"${binaryPath()}" run nest.json 2>&1 >/dev/null | grep -o '[0-9]* levels below the first\\|limits.spawn_depth' >> told; cat told`
	const nest = {
		id: 'nest',
		flow: step('n', lit('x'), '$.o'),
		agents: [{ name: 'n', kind: 'subprocess', spec: { program: 'sh', args: ['-c', script] } }],
	}
	const { code, stdout } = await runBinary(['run', 'nest.json'], { files: { 'nest.json': JSON.stringify(nest) } })
	expect(code).toBe(0)
	expect(stdout).toContain('5 levels below the first')
	expect(stdout).toContain('limits.spawn_depth')
}, 60_000)
