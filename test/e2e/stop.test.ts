import { describe, expect, test } from 'bun:test'
import type { RunRecord } from '../../src/protocol/run.ts'
import { eventually } from '../support/eventually.ts'
import { call, untilEnded } from './support/api.ts'
import { followEvents } from './support/event-reader.ts'
import { startTestServer, type TestServer } from './support/server.ts'

const lit = (value: string) => ({ op: 'lit', value })
const step = (ref: string) => ({ kind: 'step', ref, in: lit('x'), out: { op: 'path', at: `$.${ref}` } })
const nap = (secs: number) => ({ name: 'nap', kind: 'subprocess', spec: { program: 'sh', args: ['-c', `sleep ${secs}; echo slept`] } })
const asked = { name: 'asked', kind: 'operator', spec: { operator_ref: 'ann' } }

async function launch(server: TestServer, blueprint: object): Promise<{ run_id: string }> {
	const json = { blueprint: { kind: 'inline', value: blueprint }, init_ctx: {}, detach: true }
	const { status, body } = await call<{ run_id: string }>('POST', `${server.url}/v1/tasks`, { json })
	expect([status, body]).toEqual([202, expect.anything()])
	return body
}

const runOf = async (server: TestServer, id: string): Promise<RunRecord> =>
	(await call<RunRecord>('GET', `${server.url}/v1/runs/${id}`)).body

function open(url: string): Promise<{ readonly closed: Promise<CloseEvent> }> {
	const socket = new WebSocket(url.replace('http', 'ws'))
	const closed = new Promise<CloseEvent>((resolve) => socket.addEventListener('close', resolve))
	return new Promise((resolve) => socket.addEventListener('open', () => resolve({ closed })))
}

async function connectOperator(server: TestServer) {
	const { body } = await call<{ sid: string; token: string }>('POST', `${server.url}/v1/operators`, { json: { roles: ['ann'] } })
	const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v1/operators/${body.sid}/ws`, {
		headers: { authorization: `Bearer ${body.token}` },
	} as never)
	const closed = new Promise<CloseEvent>((resolve) => socket.addEventListener('close', resolve))
	await new Promise((resolve) => socket.addEventListener('open', resolve))
	return { closed, frame: new Promise((resolve) => socket.addEventListener('message', resolve)) }
}

describe('a stop', () => {
	test('takes nothing new, lets what it would lose come to its end, parks the rest and exits 0 with everybody connected', async () => {
		await using server = await startTestServer({ args: ['--drain-secs', '20'] })
		const operator = await connectOperator(server)
		using reader = followEvents(server.url)
		const { closed } = await open(`${server.url}/v1/events/ws`)
		const napping = await launch(server, {
			id: 'nap',
			flow: { kind: 'seq', children: [step('nap'), step('asked')] },
			agents: [nap(2), asked],
		})
		const waiting = await launch(server, { id: 'ask', flow: step('asked'), agents: [asked] })
		await reader.first('attempt.started', ({ run_id }) => run_id === napping.run_id)
		await operator.frame

		const exited = server.kill('SIGTERM')
		await eventually(async () => (await call('GET', `${server.url}/v1/readyz`)).status === 503, { what: 'it is not ready' })
		const refused = await call('POST', `${server.url}/v1/tasks`, { json: { blueprint: { kind: 'id', id: 'main' }, init_ctx: {} } })
		expect(refused).toMatchObject({ status: 503, body: { code: 'server_stopping' } })
		expect((await call('GET', `${server.url}/v1/healthz`)).status).toBe(200)
		expect((await runOf(server, napping.run_id)).status).toBe('running')
		expect([await exited, (await closed).code, (await operator.closed).code]).toEqual([0, 1001, 1001])

		await server.restart()
		const { step_entries } = await runOf(server, napping.run_id)
		expect(step_entries[0]).toMatchObject({ step_ref: 'nap', status: 'passed', attempt: 1 })
		const isParked = async () => (await runOf(server, waiting.run_id)).phase === 'waiting'
		await eventually(isParked, { what: 'the request waits again' })
	}, 60_000)

	test('in which somebody signals again ends at once', async () => {
		await using server = await startTestServer({ args: ['--drain-secs', '60'] })
		await launch(server, { id: 'nap', flow: step('nap'), agents: [nap(50)] })
		using reader = followEvents(server.url)
		await reader.first('attempt.started')
		const first = server.kill('SIGTERM')
		await eventually(async () => (await call('GET', `${server.url}/v1/readyz`)).status === 503, { what: 'it is not ready' })
		const began = performance.now()
		const [code] = await Promise.all([first, server.kill('SIGINT')])
		expect(code).toBe(130)
		expect(performance.now() - began).toBeLessThan(5000)
	}, 60_000)
})

describe('the log', () => {
	const failing = { ...nap(20), policy: { timeout_ms: 50, retry: { max_attempts: 2, backoff_ms: 1 } } }

	test('is JSON lines, and each one about a run or a step carries their ids', async () => {
		await using server = await startTestServer({ args: ['--log-level', 'debug'] })
		const { run_id } = await launch(server, { id: 'nap', flow: step('nap'), agents: [failing] })
		await untilEnded(server.url, run_id)
		await server.kill('SIGTERM')
		const lines = server.stderr
			.trim()
			.split('\n')
			.map((line) => JSON.parse(line))
		expect(lines.find(({ message }) => message === 'an attempt failed and is made again')).toMatchObject({
			run_id,
			step_id: expect.stringMatching(/^ST-/),
		})
		for (const { message, ...fields } of lines) {
			if (/^(run|step|attempt)\./.test(message)) expect(fields.run_id).toBe(run_id)
			if (/^(step|attempt)\./.test(message)) expect(fields.step_id).toMatch(/^ST-/)
		}
		expect(lines.map(({ message }) => message)).toContain('run.failed')
	})

	test('is text for people where that is asked for', async () => {
		await using server = await startTestServer({ args: ['--log-format', 'text'] })
		const { run_id } = await launch(server, { id: 'nap', flow: step('nap'), agents: [failing] })
		await untilEnded(server.url, run_id)
		await server.kill('SIGTERM')
		expect(server.stderr).toContain(`info  an attempt failed and is made again run_id=${run_id} step_id=ST-`)
		expect(server.stderr).toMatch(/Z info {2}stopping signal=SIGTERM\n$/)
	})
})
