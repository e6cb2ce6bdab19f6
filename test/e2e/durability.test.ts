import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import type { RunRecord } from '../../src/protocol/run.ts'
import type { LaunchReply } from '../../src/protocol/task.ts'
import { eventually } from '../support/eventually.ts'
import { markedProcesses } from '../support/marked-process.ts'
import { departs, verifies } from '../support/verifies.ts'
import { type Answer, call, untilEnded } from './support/api.ts'
import { runBinary } from './support/binary.ts'
import { followEvents, readLog } from './support/event-reader.ts'
import { faultsOfChildren, faultsOfLog } from './support/history.ts'
import { joinHeldOperator } from './support/operator.ts'
import { startTestServer } from './support/server.ts'
import { workFolder } from './support/work-folder.ts'

const path = (at: string) => ({ op: 'path', at })
const step = (ref: string, input: unknown, out: string) => ({ kind: 'step', ref, in: { op: 'lit', value: input }, out: path(out) })

/** One step for whoever joined as main-ai. */
const asksOperator = {
	id: 'asks-operator',
	flow: step('scout', 'look around', '$.found'),
	agents: [{ name: 'scout', kind: 'operator', spec: { operator_ref: 'main-ai' }, profile: { system_prompt: 'Be brief.' } }],
	operators: [{ name: 'main-ai' }],
}

/** One child process whose first attempt would take a minute. */
const naps = {
	id: 'naps',
	flow: step('nap', { item: 'a', round: 1 }, '$.made'),
	agents: [{ name: 'nap', kind: 'subprocess', spec: { program: '/bin/sh', args: ['lane.sh'], env: { FIRST_SECS: '60' } } }],
}

const echoes = {
	id: 'echoes',
	flow: step('say', 'hello', '$.said'),
	agents: [{ name: 'say', kind: 'rust_fn', spec: { fn_id: 'echo' } }],
}

type Server = Awaited<ReturnType<typeof startTestServer>>

async function launch({ url }: Server, value: unknown, more: object = {}): Promise<LaunchReply> {
	const json = { blueprint: { kind: 'inline', value }, init_ctx: {}, detach: true, ...more }
	const { status, body } = await call<LaunchReply>('POST', `${url}/v1/tasks`, { json })
	expect(status).toBe(202)
	return body
}

const runOf = async ({ url }: Server, id: string): Promise<RunRecord> => (await call<RunRecord>('GET', `${url}/v1/runs/${id}`)).body

const ended = ({ url }: Server, id: string): Promise<RunRecord> => untilEnded(url, id)

/** The server is gone before its answer can have had any further effect. */
async function thenKilled<T>(server: Server, answered: Promise<Answer<T>>): Promise<Answer<T>> {
	const answer = await answered
	await server.kill('SIGKILL')
	await server.restart()
	return answer
}

describe('an answer of 2xx is on disk when it is here', () => {
	test('of a detached launch', async () => {
		await using server = await startTestServer()
		const json = { blueprint: { kind: 'inline', value: echoes }, init_ctx: {}, detach: true, goal: 'say it' }
		const { status, body } = await thenKilled(server, call<LaunchReply>('POST', `${server.url}/v1/tasks`, { json }))
		expect(status).toBe(202)
		expect(await ended(server, body.run_id)).toMatchObject({ status: 'done', result_ref: { said: 'hello' } })
		expect(await call('GET', `${server.url}/v1/tasks/${body.task_id}`)).toMatchObject({ status: 200, body: { task: { goal: 'say it' } } })
	})

	test('of a submit: it decides the step, whatever the acknowledgement says later', async () => {
		await using server = await startTestServer()
		await using operator = await joinHeldOperator(server.url)
		const { run_id } = await launch(server, asksOperator)
		const { worker_handle: bearer = '' } = await operator.frameFor('scout')
		const { status } = await thenKilled(server, call('POST', `${server.url}/v1/worker/submit`, { bearer, text: 'two doors\n' }))
		operator.reply('scout', { type: 'spawn_ack', value: 'nothing', ok: true })
		expect([status, (await ended(server, run_id)).result_ref]).toEqual([204, { found: 'two doors' }])
	})

	test('of an artifact and of what else a worker reports', async () => {
		await using server = await startTestServer()
		await using operator = await joinHeldOperator(server.url)
		const { run_id } = await launch(server, asksOperator)
		const { worker_handle: bearer = '' } = await operator.frameFor('scout')
		const at = `${server.url}/v1/worker`
		const part = await thenKilled(server, call('POST', `${at}/artifact?name=map`, { bearer, text: '{"doors": 2}' }))
		const tool = { tool: 'torch', error: 'went out', fallback: 'matches' }
		const degraded = await thenKilled(server, call('POST', `${at}/degradation`, { bearer, json: tool }))
		const stats = await thenKilled(server, call('POST', `${at}/stats`, { bearer, json: { model: 'small', num_turns: 3 } }))
		operator.reply('scout', { type: 'spawn_ack', value: 'done', ok: true })
		const run = await ended(server, run_id)
		expect([part.status, degraded.status, stats.status]).toEqual([204, 204, 204])
		expect(run.result_ref).toEqual({ found: { out: 'done', parts: { map: { doors: 2 } } } })
		expect(run).toMatchObject({ degradations: [tool], step_entries: [{ model: 'small', num_turns: 3 }] })
	})

	test('of data put down, found by id and by name', async () => {
		verifies('06.98')
		await using server = await startTestServer()
		await using operator = await joinHeldOperator(server.url)
		await launch(server, asksOperator)
		const { capability_token: bearer, task_id, attempt } = await operator.frameFor('scout')
		const event = { type: 'artifact', name: 'map', content: { kind: 'inline', value: { doors: [1, 2] } } }
		const json = { task_id, attempt, producer_agent: 'scout', event, parent_refs: [] }
		const { body } = await thenKilled(server, call<{ out_id: string }>('POST', `${server.url}/v1/data/emit`, { bearer, json }))
		const record = { status: 200, body: { id: body.out_id, ...json } }
		expect(await call('GET', `${server.url}/v1/data/${body.out_id}`)).toEqual(record)
		expect(await call('GET', `${server.url}/v1/data/scout`)).toEqual(record)
	})

	test('of a commit', async () => {
		await using server = await startTestServer()
		const at = `${server.url}/v1/blueprints/echoes`
		const { body } = await thenKilled(server, call<{ version: string }>('POST', `${at}?message=first`, { json: echoes }))
		expect((await call('GET', `${at}/head`)).body).toEqual({ id: 'echoes', version: body.version, blueprint: echoes })
		const entries = [{ hash: body.version, rationale: 'first', parent: null }]
		expect((await call('GET', `${at}/history`)).body).toMatchObject({ count: 1, entries })
	})

	test('of a join: the session, its token and its roles', async () => {
		verifies('01.C52')
		await using server = await startTestServer()
		const at = `${server.url}/v1/operators`
		const json = { roles: ['main-ai'] }
		const { body } = await thenKilled(server, call<{ sid: string; token: string }>('POST', at, { json }))
		expect(await call('GET', `${at}/${body.sid}`, { bearer: body.token })).toMatchObject({ status: 200, body: { roles: ['main-ai'] } })
		expect(await call('POST', at, { json })).toMatchObject({ status: 409, body: { conflicts: ['main-ai'] } })
		for (const file of ['mse.db', 'mse.db-wal']) expect(await Bun.file(join(server.dataDir, file)).text()).not.toContain(body.token)
	})

	test('of a cancel: the work is not taken up again', async () => {
		using folder = workFolder()
		await using server = await startTestServer()
		const { run_id } = await launch(server, naps, { work_dir: folder.path })
		await eventually(() => folder.started().length === 1, { what: 'the child works' })
		const { status } = await thenKilled(server, call('POST', `${server.url}/v1/runs/${run_id}/cancel`))
		expect([status, (await runOf(server, run_id)).status]).toEqual([204, 'cancelled'])
		expect([folder.started().length, markedProcesses(folder.started()[0] ?? '')]).toEqual([1, []])
	})

	test('of leaving: the session is gone and its role is free', async () => {
		verifies('01.C53')
		await using server = await startTestServer()
		const at = `${server.url}/v1/operators`
		const { body } = await call<{ sid: string; token: string }>('POST', at, { json: { roles: ['main-ai'] } })
		const { status } = await thenKilled(server, call('DELETE', `${at}/${body.sid}`, { bearer: body.token }))
		expect([status, (await call('GET', `${at}/${body.sid}`, { bearer: body.token })).status]).toEqual([204, 404])
		expect((await call('POST', at, { json: { roles: ['main-ai'] } })).status).toBe(200)
	})
})

describe('what was there before kill -9 is there afterwards, word for word', () => {
	test('Blueprints with their history, runs, tasks, data and events', async () => {
		await using server = await startTestServer({ args: ['--seed-samples'] })
		await using operator = await joinHeldOperator(server.url)
		for (const said of ['one', 'two', 'three']) {
			const json = { ...echoes, flow: step('say', said, '$.said') }
			await call('POST', `${server.url}/v1/blueprints/echoes?message=${said}`, { json })
		}
		const { run_id, task_id } = await launch(server, asksOperator)
		const frame = await operator.frameFor('scout')
		const event = { type: 'artifact', name: 'map', content: { kind: 'inline', value: 'x'.repeat(300_000) } }
		const json = { task_id: frame.task_id, attempt: 1, producer_agent: 'scout', event }
		const emitted = await call<{ out_id: string }>('POST', `${server.url}/v1/data/emit`, { bearer: frame.capability_token, json })
		operator.reply('scout', { type: 'spawn_ack', value: 'y'.repeat(300_000), ok: true })
		await ended(server, run_id)
		await eventually(() => [...operator.asked.values()].every(({ received }) => received), { what: 'the reply is receipted' })

		const paths = ['blueprints', 'blueprints/echoes/head', 'blueprints/echoes/history', 'runs', `runs/${run_id}`, `tasks/${task_id}`]
		const everything = [...paths, `runs/${run_id}/trace`, `data/${emitted.body.out_id}`, 'data/scout']
		const read = () => Promise.all(everything.map((at) => call('GET', `${server.url}/v1/${at}`)))
		const before = await read()
		expect(before.map(({ status }) => status)).toEqual(everything.map(() => 200))
		const log = await readLog(server.url)
		await server.kill('SIGKILL')
		await server.restart()
		expect(await read()).toEqual(before)
		expect((await readLog(server.url)).slice(0, log.length)).toEqual([...log])
	})
})

describe('a graceful stop in the middle of a run', () => {
	test('ends with 0 beside open sockets and streams, leaves no child, and the run goes on at the next start', async () => {
		using folder = workFolder()
		await using server = await startTestServer()
		await using operator = await joinHeldOperator(server.url)
		using reader = followEvents(server.url)
		const napping = await launch(server, naps, { work_dir: folder.path })
		const asking = await launch(server, asksOperator)
		await operator.frameFor('scout')
		await eventually(() => folder.started().length === 1, { what: 'the child works' })
		const [child = ''] = folder.started()
		expect(markedProcesses(child)).not.toEqual([])

		expect(await server.kill('SIGTERM')).toBe(0)
		expect(markedProcesses(child)).toEqual([])
		expect(operator.frames).toContain('going_away')

		await server.restart()
		operator.reply('scout', { type: 'spawn_ack', value: 'a door', ok: true })
		expect(await ended(server, asking.run_id)).toMatchObject({ status: 'done', result_ref: { found: 'a door' } })
		expect(await ended(server, napping.run_id)).toMatchObject({ status: 'done', result_ref: { made: 'made of a' } })
		const log = await readLog(server.url)
		expect(log.filter(({ kind }) => /^run\.(interrupted|failed|cancelled)$/.test(kind))).toEqual([])
		expect(faultsOfChildren(folder.journal(), log)).toEqual([])
		expect([...operator.asked.values()].map(({ works }) => works)).toEqual([1])
		await eventually(() => reader.events.length === log.length, { what: 'the reader has seen everything' })
		expect(reader.events).toEqual([...log])
	})
})

test('a client that waits for its run is told by a stopping server that the run goes on, and it does', async () => {
	using folder = workFolder()
	await using server = await startTestServer()
	const json = { blueprint: { kind: 'inline', value: naps }, init_ctx: {}, work_dir: folder.path }
	const waiting = call<{ details: { run_id: string } }>('POST', `${server.url}/v1/tasks`, { json })
	await eventually(() => folder.started().length === 1, { what: 'the child works' })
	expect(await server.kill('SIGTERM')).toBe(0)
	const { status, body } = await waiting
	expect([status, body]).toEqual([503, expect.objectContaining({ code: 'server_stopping' })])
	await server.restart()
	expect(await ended(server, body.details.run_id)).toMatchObject({ status: 'done', result_ref: { made: 'made of a' } })
})

describe('a child that outlives its server', () => {
	test('is gone before its step is dispatched again', async () => {
		departs('01.C106', '04.80')
		using folder = workFolder()
		await using server = await startTestServer()
		const { run_id } = await launch(server, naps, { work_dir: folder.path })
		await eventually(() => folder.started().length === 1, { what: 'the child works' })
		const [child = ''] = folder.started()
		await server.kill('SIGKILL')
		expect(markedProcesses(child)).not.toEqual([])
		await server.restart()
		expect(markedProcesses(child)).toEqual([])
		expect(await ended(server, run_id)).toMatchObject({ status: 'done', result_ref: { made: 'made of a' } })
		const log = await readLog(server.url, `run=${run_id}`)
		expect(folder.started()).toHaveLength(2)
		expect([...faultsOfLog(log), ...faultsOfChildren(folder.journal(), log)]).toEqual([])
	})
})

describe('a run whose step sees its server die three times', () => {
	test('is left interrupted, and goes on when somebody resumes it', async () => {
		using folder = workFolder()
		await using server = await startTestServer()
		const napsEachTime = { ...naps, agents: naps.agents.map((agent) => ({ ...agent, spec: { ...agent.spec, env: { ALL_SECS: '60' } } })) }
		const { run_id } = await launch(server, napsEachTime, { work_dir: folder.path })
		for (let death = 1; death <= 3; death++) {
			await eventually(() => folder.started().length === death, { what: `attempt ${death} works` })
			await server.kill('SIGKILL')
			await server.restart()
		}
		expect(await ended(server, run_id)).toMatchObject({ status: 'interrupted', result_ref: { error: { code: 'crash_loop' } } })
		expect((await call('POST', `${server.url}/v1/runs/${run_id}/resume`)).status).toBe(202)
		await eventually(() => folder.started().length === 4, { what: 'attempt 4 works' })
		expect((await runOf(server, run_id)).status).toBe('running')
		expect(await server.kill('SIGTERM')).toBe(0)
	})
})

describe('a server that dies while it starts', () => {
	test('leaves its runs to the one after it, and asks nobody twice', async () => {
		using folder = workFolder()
		await using server = await startTestServer({ args: ['--recovery-max', '1000'] })
		await using operator = await joinHeldOperator(server.url)
		const asking = await Promise.all(Array.from({ length: 20 }, () => launch(server, asksOperator)))
		const napping = await launch(server, naps, { work_dir: folder.path })
		await eventually(() => operator.asked.size === 20 && folder.started().length === 1, { what: 'everything is begun' })
		for (const when of ['listening', 'locked', 'listening', 'locked', 'listening'] as const) await server.dieStarting(when)
		await server.restart()
		operator.reply('scout', { type: 'spawn_ack', value: 'a door', ok: true })
		const runs = await Promise.all([...asking, napping].map(({ run_id }) => ended(server, run_id)))
		expect(runs.map(({ result_ref }) => result_ref)).toEqual([...Array(20).fill({ found: 'a door' }), { made: 'made of a' }])
		expect([...operator.asked.values()].map(({ works }) => works)).toEqual(Array(20).fill(1))
		expect(faultsOfChildren(folder.journal(), await readLog(server.url))).toEqual([])
	})
})

describe('two servers', () => {
	test('never share a data directory: the second names the first in one line and leaves', async () => {
		await using server = await startTestServer()
		const { code, stdout, stderr } = await runBinary(['serve', '--bind', '127.0.0.1:0', '--data-dir', server.dataDir])
		expect([code, stdout]).toEqual([1, ''])
		const complaints = stderr.split('\n').filter((line) => line.startsWith('mse-server: '))
		expect(complaints).toEqual([expect.stringContaining(`in use by pid ${server.pid}, ${server.url}.`)])
		expect((await call('GET', `${server.url}/v1/healthz`)).status).toBe(200)
	})

	test('may follow one another on it at once', async () => {
		await using first = await startTestServer()
		await first.kill('SIGKILL')
		await using second = await startTestServer({ dataDir: first.dataDir })
		expect((await call('GET', `${second.url}/v1/blueprints/main/head`)).status).toBe(200)
	})
})

describe('GET /v1/events over kill -9', () => {
	test('a reader that comes back with Last-Event-ID sees every event once and in order', async () => {
		await using server = await startTestServer()
		using reader = followEvents(server.url)
		for (let life = 1; life <= 3; life++) {
			const launched = await Promise.all(Array.from({ length: 10 }, () => launch(server, echoes)))
			await reader.first('run.done', ({ run_id }) => run_id === launched[life]?.run_id)
			await server.kill('SIGKILL')
			await server.restart()
		}
		await eventually(async () => (await readLog(server.url)).filter(({ kind }) => kind === 'run.done').length === 30, {
			what: 'all runs end',
		})
		const log = await readLog(server.url)
		await eventually(() => reader.events.length >= log.length, { what: 'the reader has seen everything' })
		expect(reader.events).toEqual([...log])
	})
})
