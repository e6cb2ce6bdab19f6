import { describe, expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { keyTable } from '../src/config/key.ts'
import { type Asking, refuseHuge } from '../src/core/operator/request.ts'
import { prune } from '../src/core/retention/retention.ts'
import { MseError } from '../src/kernel/error.ts'
import type { Json, JsonObject } from '../src/kernel/json.ts'
import { silentLogger } from '../src/kernel/log.ts'
import { openBlobs } from '../src/store/sqlite/blob.ts'
import { SqliteRetentionStore } from '../src/store/sqlite/retention-store.ts'
import { CODER } from './edge/http/runtime-world.ts'
import { blueprintOf, fanout, lit, loop, path, step } from './support/blueprints.ts'
import { eventually } from './support/eventually.ts'
import { fakeClock } from './support/fake-clock.ts'
import { runWorld } from './support/run-world.ts'
import { stalledReader } from './support/stalled-reader.ts'
import { tempDir } from './support/temp-dir.ts'
import { joinedOperator, type TestServer, testServer } from './support/test-server.ts'
import { verifies } from './support/verifies.ts'
import { pure } from './support/workers.ts'

type Limit = keyof typeof keyTable.limits

interface Row {
	readonly fallback: number
	/** Goes over the limit, looks at what it is told, and that nothing acknowledged is gone. */
	hit(): Promise<void>
}

/** One row for each key of `[limits]`; a key without one does not compile, and one too many neither. */
const rows: { readonly [L in Limit]: Row } = {
	bodyBytes: {
		fallback: 2 ** 23,
		async hit() {
			await using server = await testServer({ 'limits-body-bytes': String(2 ** 21) })
			const before = await launched(server, identity('kept'))
			const body = JSON.stringify({ blueprint: { kind: 'id', id: 'main' }, init_ctx: { large: 'x'.repeat(2 ** 21) } })
			const answer = await server.call('POST', '/v1/tasks', JSON.parse(body))
			expect(answer.status).toBe(413)
			names(answer.body, 'limits.body_bytes', 2 ** 21)
			await isDone(server, before)
		},
	},
	frameBytes: {
		fallback: 2 ** 24,
		async hit() {
			const question: Asking['frame'] = { type: 'ask', question: 'x'.repeat(2 ** 24) }
			const huge = thrownBy(() => refuseHuge({ kind: 'ask', frame: question } as never, 2 ** 24))
			names(huge instanceof MseError ? huge.message : huge, 'limits.frame_bytes', 2 ** 24)
			await using server = await testServer()
			const operator = await operatorSocket(server)
			const run = await launch(server, askOf('ann', 'hi'))
			operator.send(JSON.stringify({ type: 'spawn_ack', req_id: 'x', value: 'x'.repeat(2 ** 24) }))
			expect((await operator.ended).code).toBe(1009)
			const { requests } = (await server.call('GET', `/v1/operators/${operator.sid}/requests`, undefined, operator.headers)).body
			expect(requests).toMatchObject([{ run_id: run }])
		},
	},
	ctxBytes: {
		fallback: 2 ** 26,
		async hit() {
			await using server = await testServer({ 'limits-ctx-bytes': '1000' })
			const run = await launch(server, identity('x'.repeat(2000)))
			names(await failureOf(server, run), 'limits.ctx_bytes', 1000)
		},
	},
	outputBytes: {
		fallback: 2 ** 24,
		async hit() {
			await using server = await testServer({ 'limits-output-bytes': '100' })
			const run = await launch(server, programs('head -c 1000 /dev/zero'))
			names(await failureOf(server, run), 'limits.output_bytes', 100)
			using operator = await joinedOperator(server, 'ann')
			const asked = await launch(server, askOf('ann', 'hi'))
			const spawn = await operator.spawned()
			const refused = await put(server, '/v1/worker/submit', spawn.bearer, 'x'.repeat(101))
			expect(refused.status).toBe(413)
			names(refused.body, 'limits.output_bytes', 100)
			await put(server, '/v1/worker/submit', spawn.bearer, 'fits')
			operator.reply({ type: 'spawn_ack', req_id: spawn.reqId, ok: true, value: null })
			await isDone(server, asked)
		},
	},
	parts: {
		fallback: 256,
		async hit() {
			await using server = await testServer({ 'limits-parts': '2' })
			using operator = await joinedOperator(server, 'ann')
			const run = await launch(server, askOf('ann', 'hi'))
			const spawn = await operator.spawned()
			for (const name of ['a', 'b'])
				expect((await put(server, `/v1/worker/artifact?name=${name}`, spawn.bearer, name)).status).toBeLessThan(300)
			const refused = await put(server, '/v1/worker/artifact?name=c', spawn.bearer, 'c')
			expect(refused.status).toBe(413)
			names(refused.body, 'limits.parts', 2)
			expect((await put(server, '/v1/worker/submit', spawn.bearer, 'result')).status).toBe(204)
			operator.reply({ type: 'spawn_ack', req_id: spawn.reqId, ok: true, value: null })
			await isDone(server, run)
		},
	},
	loopMax: {
		fallback: 1_000_000,
		async hit() {
			await using server = await testServer({ 'limits-loop-max': '3' })
			const run = await launch(server, blueprintOf(loop(9, step('identity', path('$.n'), '$.last')), ['identity']))
			names(await failureOf(server, run), 'limits.loop_max', 3)
			const steps = await server.call('GET', `/v1/runs/${run}/steps`)
			expect(steps.body.steps.map(({ status }: { status: string }) => status)).toEqual(['passed', 'passed', 'passed'])
		},
	},
	fanoutWidth: {
		fallback: 10_000,
		async hit() {
			await using server = await testServer({ 'limits-fanout-width': '2' })
			const run = await launch(
				server,
				blueprintOf(fanout([1, 2, 3], 'all', step('identity', path('$.item'), '$.r'), '$.out'), ['identity']),
			)
			names(await failureOf(server, run), 'limits.fanout_width', 2)
		},
	},
	fanoutConcurrency: {
		fallback: 64,
		async hit() {
			await using server = await testServer({ 'limits-fanout-concurrency': '2' })
			using dir = tempDir()
			const flow = fanout([1, 2, 3, 4, 5], 'all', step('work', lit('x'), '$.r'), '$.out')
			await isDone(server, await launch(server, { ...programs(countingChild(dir.path)), flow }))
			expect(mostAtOnce(dir.path)).toBe(2)
		},
	},
	spawnDepth: {
		fallback: 4,
		async hit() {
			await using server = await testServer({ 'limits-spawn-depth': '1' })
			using operator = await joinedOperator(server, 'ann')
			const first = await launch(server, askOf('ann', 'one'))
			const one = await operator.spawned()
			const second = await launch(server, askOf('ann', 'two'), { authorization: one.bearer })
			expect((await server.call('GET', `/v1/runs/${second}`)).body).toMatchObject({
				parent: { run_id: first, step_id: one.stepId },
				depth: 1,
			})
			const two = await operator.spawned()
			const parent = { 'mse-parent': two.bearer.slice('Bearer '.length) }
			const refused = await server.call('POST', '/v1/tasks', inline(identity(1)), parent)
			expect(refused.status).toBe(409)
			names(refused.body, 'limits.spawn_depth', 1)
			expect((await server.call('GET', '/v1/tasks')).body).toHaveLength(2)
		},
	},
	children: {
		fallback: 64,
		async hit() {
			await using server = await testServer({ 'limits-children': '2' })
			using dir = tempDir()
			const runs = await Promise.all(Array.from({ length: 5 }, () => launch(server, programs(countingChild(dir.path)))))
			for (const run of runs) await isDone(server, run)
			expect(mostAtOnce(dir.path)).toBe(2)
			await server[Symbol.asyncDispose]()
			await workersOver()
		},
	},
	requestsPerSession: {
		fallback: 10_000,
		async hit() {
			await using server = await testServer({ 'limits-requests-per-session': '1' })
			using operator = await joinedOperator(server, 'ann')
			const first = await launch(server, askOf('ann', 'one'))
			const spawn = await operator.spawned()
			const second = await launch(server, askOf('ann', 'two'))
			names(await failureOf(server, second), 'limits.requests_per_session', 1)
			await put(server, '/v1/worker/submit', spawn.bearer, 'result')
			operator.reply({ type: 'spawn_ack', req_id: spawn.reqId, ok: true, value: null })
			await isDone(server, first)
		},
	},
	subscribers: {
		fallback: 2000,
		async hit() {
			await using server = await testServer({ 'limits-subscribers': '1' })
			const left = new AbortController()
			const held = await fetch(`${server.url}/v1/events`, { signal: left.signal })
			const refused = await server.call('GET', '/v1/events')
			expect(refused.status).toBe(503)
			names(refused.body, 'limits.subscribers', 1)
			expect(held.status).toBe(200)
			left.abort()
			await eventually(async () => (await server.call('GET', '/v1/events?follow=false')).status === 200, {
				what: 'the place is free again',
			})
		},
	},
	stallSecs: {
		fallback: 60,
		async hit() {
			await using server = await testServer({ 'limits-stall-secs': '1', 'limits-subscribers': '1' })
			await launched(server, blueprintOf(loop(20_000, step('identity', lit('x'.repeat(100)), '$.r')), ['identity']))
			using _stalled = await stalledReader(server.url, '/v1/events')
			const isFree = async () => (await server.call('GET', '/v1/events?follow=false&after=latest')).status === 200
			expect(await isFree()).toBe(false)
			await eventually(isFree, { what: 'the reader is closed' })
		},
	},
	inboxFrames: {
		fallback: 1024,
		async hit() {
			await using server = await testServer({ 'limits-inbox-frames': '4' })
			const intent = { kind: 'task', objective: 'listen' }
			const { worker } = (await server.call('POST', '/v1/workers', { ...CODER, intent })).body
			const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v1/workers/${worker.worker_id}/events/ws?methods=true`)
			const ended = new Promise<CloseEvent>((resolve) => socket.addEventListener('close', resolve))
			const say = (text: string): string => JSON.stringify({ method: 'run', params: { input: [{ kind: 'text', content: text }] } })
			socket.addEventListener('open', () => {
				for (let n = 0; n < 100; n++) socket.send(say(`turn ${n}`))
			})
			const { code, reason } = await ended
			expect(code).toBe(1013)
			names(reason, 'limits.inbox_frames', 4)
			expect((await server.call('GET', `/v1/workers/${worker.worker_id}`)).status).toBe(200)
		},
	},
	framesPerSec: {
		fallback: 20_000,
		async hit() {
			await using server = await testServer({ 'limits-frames-per-sec': '50' })
			const operator = await operatorSocket(server)
			const run = await launch(server, askOf('ann', 'hi'))
			for (let n = 0; n < 200; n++) operator.send('{"type":"nothing"}')
			const { code, reason } = await operator.ended
			expect(code).toBe(1008)
			names(reason, 'limits.frames_per_sec', 50)
			const { requests } = (await server.call('GET', `/v1/operators/${operator.sid}/requests`, undefined, operator.headers)).body
			expect(requests).toMatchObject([{ run_id: run }])
		},
	},
	retainDays: { fallback: 90, hit: () => forgets({ retainDays: 30 }, async (clock) => void (await clock.advance(31 * 24 * 3600 * 1000))) },
	retainRows: { fallback: 10_000_000, hit: () => forgets({ retainRows: 1 }, async () => {}) },
}

describe('every limit has a key, a default, and says which it is:', () => {
	for (const [name, row] of Object.entries(rows) as [Limit, Row][]) {
		test(name, async () => {
			expect(keyTable.limits[name].fallback).toBe(row.fallback)
			await row.hit()
		}, 20_000)
	}
})

test('child processes of a run and of an agent wait their turn where a policy says so', async () => {
	verifies('03.Policy.children', '03.RunPolicy.children')
	await using server = await testServer()
	using dir = tempDir()
	const flow = fanout([1, 2, 3, 4], 'all', step('work', lit('x'), '$.r'), '$.out')
	const ofRun = { ...programs(countingChild(dir.path)), flow }
	await isDone(server, await launch(server, ofRun, {}, { run_policy: { children: 1 } }))
	expect(mostAtOnce(dir.path)).toBe(1)
	using other = tempDir()
	const { agents } = programs(countingChild(other.path))
	const ofAgent = { id: 'two', flow, agents: [{ ...(agents as JsonObject[])[0], policy: { children: 3 } }] as Json }
	await isDone(server, await launch(server, ofAgent))
	expect(mostAtOnce(other.path)).toBe(3)
})

/** Workers that live on have places among the others; the last one is left to what ends by itself. */
async function workersOver(): Promise<void> {
	const session = { kind: 'process', argv: [process.execPath, join(import.meta.dir, 'fixture/program/session-worker.ts')] }
	const oneShot = { kind: 'process', mode: 'one_shot', argv: ['/bin/sleep', '0.01'] }
	await using server = await testServer({ 'limits-children': '2', 'runtime-profiles': JSON.stringify({ session, oneShot }) })
	const create = (value: string) =>
		server.call('POST', '/v1/workers', { intent: { kind: 'assistant' }, profile: { kind: 'builtin', value: `process:${value}` } })
	const first = await create('session')
	expect(first.status).toBe(200)
	const refused = await create('session')
	expect([refused.status, refused.body.error.code]).toEqual([409, 'worker_execution_rejected'])
	names(refused.body, 'limits.children', 2)
	const turns = (await create('oneShot')).body.worker.worker_id
	expect((await server.call('POST', `/v1/workers/${turns}/input`, { kind: 'user', content: 'go' })).status).toBe(200)
	using dir = tempDir()
	const runs = await Promise.all([1, 2].map(() => launch(server, programs(countingChild(dir.path)))))
	for (const run of runs) await isDone(server, run)
	expect(mostAtOnce(dir.path)).toBe(1)
	expect((await server.call('POST', `/v1/workers/${first.body.worker.worker_id}/stop`)).status).toBe(200)
	expect((await create('session')).status).toBe(200)
}

const identity = (value: Json): JsonObject => blueprintOf(step('identity', lit(value), '$.out'), ['identity'])
const inline = (blueprint: JsonObject): JsonObject => ({ blueprint: { kind: 'inline', value: blueprint }, init_ctx: {} })

function askOf(operator: string, prompt: string): JsonObject {
	const agents = [{ name: 'asked', kind: 'operator', spec: { operator_ref: operator } }]
	return { id: 'asking', flow: step('asked', lit(prompt), '$.out'), agents }
}

function programs(script: string): JsonObject {
	const agents = [{ name: 'work', kind: 'subprocess', spec: { program: 'sh', args: ['-c', script] } }]
	return { id: 'programs', flow: step('work', lit('x'), '$.out'), agents }
}

async function operatorSocket(server: TestServer) {
	const { body } = await server.call('POST', '/v1/operators', { roles: ['ann'] })
	const headers = { authorization: `Bearer ${body.token}` }
	const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v1/operators/${body.sid}/ws`, { headers } as never)
	const ended = new Promise<CloseEvent>((resolve) => socket.addEventListener('close', resolve))
	await new Promise((resolve) => socket.addEventListener('open', resolve))
	return { sid: String(body.sid), headers, ended, send: (text: string) => socket.send(text) }
}

function thrownBy(work: () => void): unknown {
	try {
		return work()
	} catch (thrown) {
		return thrown
	}
}

/** Puts a folder there while it runs, and writes down how many of them it saw. */
const countingChild = (place: string): string =>
	`mkdir -p ${place}/seen; mkdir ${place}/at-$$; sleep 0.15; ls -d ${place}/at-* | wc -l > ${place}/seen/$$; rmdir ${place}/at-$$; echo done`

const mostAtOnce = (place: string): number =>
	Math.max(...readdirSync(join(place, 'seen')).map((name) => Number(readFileSync(join(place, 'seen', name), 'utf8'))))

/** Resolves to the run's id at once. */
async function launch(
	server: TestServer,
	blueprint: JsonObject,
	headers: Record<string, string> = {},
	over: JsonObject = {},
): Promise<string> {
	const { status, body } = await server.call('POST', '/v1/tasks', { ...inline(blueprint), ...over, detach: true }, headers)
	expect([status, body.error]).toEqual([202, undefined])
	return body.run_id
}

/** Resolves to the run's id once it is done. */
async function launched(server: TestServer, blueprint: JsonObject): Promise<string> {
	const run = await launch(server, blueprint)
	await isDone(server, run)
	return run
}

async function endOf(server: TestServer, run: string) {
	const isOver = ({ status }: { status: string }): boolean => status !== 'running' && status !== 'pending'
	return eventually(
		async () => {
			const { body } = await server.call('GET', `/v1/runs/${run}`)
			return isOver(body) ? body : null
		},
		{ what: 'the end of the run' },
	)
}

async function isDone(server: TestServer, run: string): Promise<void> {
	const { status, result_ref } = await endOf(server, run)
	expect([status, result_ref?.error]).toEqual(['done', undefined])
}

async function failureOf(server: TestServer, run: string): Promise<unknown> {
	const { status, result_ref } = await endOf(server, run)
	expect(status).toBe('failed')
	return result_ref.error
}

function put(server: TestServer, at: string, bearer: string, body: string) {
	return server
		.send('POST', at, body, { authorization: bearer })
		.then(async (answer) => ({ status: answer.status, body: await answer.text() }))
}

/** An error says which key bounds it, and by how much. */
function names(error: unknown, key: string, limit: number): void {
	const text = JSON.stringify(error)
	expect(text).toContain(key)
	expect(text).toContain(String(limit))
}

/** An ended run goes, one that has not ended stays. */
async function forgets(limits: { retainDays?: number; retainRows?: number }, wait: (clock: ReturnType<typeof fakeClock>) => Promise<void>) {
	const clock = fakeClock()
	const hang = {
		pure: false,
		perform: ({ signal }: { signal: AbortSignal }) => new Promise<never>((_, no) => signal.addEventListener('abort', no)),
	}
	await using world = runWorld({ workers: { echo: pure((prompt) => prompt), hang }, clock })
	const open = await world.launch(blueprintOf(step('hang', lit(1), '$.a'), ['hang']), { detach: true })
	const old = await (await world.launch(blueprintOf(step('echo', lit(1), '$.a'), ['echo']))).ended
	await wait(clock)
	await (await world.launch(blueprintOf(step('echo', lit(1), '$.a'), ['echo']))).ended
	const store = new SqliteRetentionStore(world.db, openBlobs(undefined))
	await prune({ store, clock, log: silentLogger, limits: { retainDays: 90, retainRows: 10_000_000, ...limits } })
	expect(await world.runs.run(old.id)).toBeNull()
	expect((await world.runs.run(open.run.id))?.status).toBe('running')
}

/** Keys outside `[limits]` that bound something, and the file that hits them. */
const elsewhere: { readonly [key: string]: string } = {
	'top.syncTimeoutSecs': 'test/edge/http/routes/tasks.test.ts',
	'top.workerTokenTtlSecs': 'test/core/access/credential.test.ts',
	'top.drainSecs': 'test/e2e/serve.test.ts',
	'operator.ackGraceSecs': 'test/core/operator/hub.test.ts',
	'operator.requestDeadlineSecs': 'test/core/operator/hub.test.ts',
	'recovery.max': 'test/core/run/run.test.ts',
	'recovery.resetAfterSecs': 'test/core/run/run.test.ts',
	'policy.timeoutMs': 'test/core/run/attempt/retry.test.ts',
	'policy.retryMaxAttempts': 'test/core/run/attempt/retry.test.ts',
	'policy.retryMaxBackoffMs': 'test/core/run/attempt/retry.test.ts',
	'policy.children': 'test/limit.test.ts',
	'policy.budgetWallMs': 'test/core/run/attempt/budget.test.ts',
	'policy.budgetAttempts': 'test/core/run/attempt/budget.test.ts',
	'policy.budgetTokens': 'test/core/run/attempt/budget.test.ts',
	'policy.budgetCostUsd': 'test/core/run/attempt/budget.test.ts',
	'runPolicy.timeoutMs': 'test/core/run/attempt/budget.test.ts',
	'runPolicy.children': 'test/limit.test.ts',
	'runPolicy.budgetWallMs': 'test/core/run/attempt/budget.test.ts',
	'runPolicy.budgetAttempts': 'test/core/run/attempt/budget.test.ts',
	'runPolicy.budgetTokens': 'test/core/run/attempt/budget.test.ts',
	'runPolicy.budgetCostUsd': 'test/core/run/attempt/budget.test.ts',
	'enhance.maxAttempts': 'test/core/enhance/loop.test.ts',
	'enhance.concurrency': 'test/core/enhance/loop.test.ts',
	'approvals.maxPending': 'test/core/approval/gate.test.ts',
	'approvals.approveWaitSecs': 'test/core/approval/gate.test.ts',
	'approvals.deadlineSecs': 'test/core/approval/gate.test.ts',
	'hive.startGraceMs': 'test/core/hive/agent-world.ts',
	'hive.maxLineBytes': 'test/edge/socket/listener.test.ts',
	'hive.maxBodyBytes': 'test/core/hive/broker.test.ts',
	'lua.timeoutMs': 'test/backend/lua/hostile.test.ts',
	'lua.memoryBytes': 'test/backend/lua/hostile.test.ts',
	'lua.processes': 'test/backend/lua/pool.test.ts',
	'runtime.maxTranscriptProjectionItems': 'test/edge/http/routes/workers.test.ts',
	'runtime.maxEventBatchItems': 'test/edge/http/routes/workers.test.ts',
	'runtime.keepObservations': 'test/edge/http/ws/observation.test.ts',
}
/** Numbers that bound nothing. */
const noLimit = [
	...['top.operatorSessionSweepSecs', 'top.retentionSweepSecs', 'top.longHoldWarnMs', 'top.engineMaxHoldMs'],
	...['hive.agentUidBase', 'hive.recvDefaultWaitS', 'hive.stopGraceS'],
	...['policy.retryBackoffMs', 'policy.retryFactor', 'policy.retryJitter', 'lua.warm', 'telemetry.sampleShare'],
]

test('each number that can be set is a limit that a test hits, or bounds nothing', () => {
	const numbers = Object.entries(keyTable).flatMap(([section, keys]) =>
		Object.entries<{ type: { placeholder: string | null } }>(keys).flatMap(([name, key]) =>
			section !== 'limits' && key.type.placeholder === 'N' ? [`${section}.${name}`] : [],
		),
	)
	expect(numbers.filter((key) => !(key in elsewhere) && !noLimit.includes(key))).toEqual([])
	expect(Object.keys(elsewhere).filter((key) => !numbers.includes(key))).toEqual([])
	expect(Object.values(elsewhere).filter((file) => !existsSync(join(import.meta.dir, '..', file)))).toEqual([])
})
