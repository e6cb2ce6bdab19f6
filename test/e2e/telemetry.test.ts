import { describe, expect, test } from 'bun:test'
import type { JsonObject } from '../../src/kernel/json.ts'
import type { LaunchReply } from '../../src/protocol/task.ts'
import { lit, path, seq, step } from '../support/blueprints.ts'
import { eventually } from '../support/eventually.ts'
import { llmServer } from '../support/llm-server.ts'
import type { ReceivedSpan } from '../support/otlp-request.ts'
import { traceSink } from '../support/trace-sink.ts'
import { call, untilEnded } from './support/api.ts'
import { runBinary } from './support/binary.ts'
import { startTestServer } from './support/server.ts'

const CALLER = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`

const shell = (name: string, script: string): JsonObject => ({
	...{ name, kind: 'subprocess' },
	spec: { program: '/bin/sh', args: ['-c', script] },
})
const echo: JsonObject = { name: 'echo', kind: 'rust_fn', spec: { fn_id: 'echo' } }
const hello = { id: 'hello', flow: step('echo', lit('hi'), '$.out'), agents: [echo] }
const tells = { id: 'tells', flow: step('child', lit('hi'), '$.out'), agents: [shell('child', 'printf \'"%s"\' "$TRACEPARENT"')] }

async function launch(url: string, value: unknown, headers: Record<string, string> = {}, more: object = {}): Promise<LaunchReply> {
	const json = { blueprint: { kind: 'inline', value }, init_ctx: {}, ...more }
	const { status, body } = await call<LaunchReply>('POST', `${url}/v1/tasks`, { json, headers })
	expect([status, body]).toEqual([expect.any(Number), expect.objectContaining({ run_id: expect.any(String) })])
	return body
}

const named = (spans: readonly ReceivedSpan[], name: string): ReceivedSpan => {
	const found = spans.find((span) => span.name === name)
	if (!found) throw new Error(`no ${name} among ${spans.map((span) => span.name).join(', ')}`)
	return found
}

const answerOf = ({ final_ctx }: LaunchReply): string => String((final_ctx as { readonly out?: unknown } | undefined)?.out)

describe('a server with a collector', () => {
	test('sends a run as one trace, in protobuf with the headers and the name it was told, and its child knows its span', async () => {
		await using sink = traceSink()
		const env = {
			...{ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_EXPORTER_OTLP_HEADERS: 'x-team=a%20b', OTEL_SERVICE_NAME: 'swarm' },
			...{ OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test', OTEL_EXPORTER_OTLP_COMPRESSION: 'none' },
		}
		await using server = await startTestServer({ env })
		const launched = await launch(server.url, tells)
		const spans = await sink.run(launched.run_id)
		expect(spans.map(({ name, kind, status }) => [name, kind, status])).toEqual([
			['attempt child', 3, 0],
			['step child', 1, 1],
			['run tells', 1, 1],
		])
		const [attempt, ofStep, root] = spans
		expect(answerOf(launched)).toBe(`00-${attempt?.traceId}-${attempt?.spanId}-01`)
		expect([attempt?.parentSpanId, ofStep?.parentSpanId, root?.parentSpanId]).toEqual([ofStep?.spanId, root?.spanId, ''])
		expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1)
		expect(attempt?.attributes).toMatchObject({ 'mse.backend': 'process', 'mse.attempt.number': 1, 'mse.run.id': launched.run_id })
		expect(root?.attributes).toMatchObject({ 'mse.task.id': launched.task_id, 'mse.blueprint.id': 'tells', 'mse.run.status': 'done' })
		expect(root?.resource).toMatchObject({ 'service.name': 'swarm', 'deployment.environment.name': 'test' })
		expect(Math.abs((root?.startedAt ?? 0) - Date.now())).toBeLessThan(60_000)
		const [request] = sink.requests
		expect([request?.path, request?.headers.get('content-type'), request?.headers.get('x-team')]).toEqual([
			...['/v1/traces', 'application/x-protobuf', 'a b'],
		])
	}, 30_000)

	test('takes the file of the configuration as well, speaks JSON when told to, and is a part of the trace of whoever launches', async () => {
		await using sink = traceSink()
		const config = `[telemetry]\ntraces_endpoint = "${sink.url}/in"\nprotocol = "http/json"\nservice_name = "file"\n[telemetry.headers]\nx-team = "c"\n`
		await using server = await startTestServer({ config })
		const { run_id } = await launch(server.url, hello, { traceparent: CALLER })
		const spans = await sink.run(run_id)
		expect(spans.map(({ name, traceId }) => [name, traceId])).toEqual([
			['step echo', 'a'.repeat(32)],
			['run hello', 'a'.repeat(32)],
		])
		expect(named(spans, 'run hello')).toMatchObject({ kind: 2, parentSpanId: 'b'.repeat(16), resource: { 'service.name': 'file' } })
		const [request] = sink.requests
		expect([request?.path, request?.headers.get('content-type'), request?.headers.get('x-team')]).toEqual(['/in', 'application/json', 'c'])
	}, 30_000)

	test('a run that a worker starts is a part of the trace of that worker', async () => {
		await using sink = traceSink()
		await using server = await startTestServer({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url } })
		const body = JSON.stringify({ blueprint: { kind: 'inline', value: hello }, init_ctx: {} })
		const script = `curl -s "$MSE_BASE_URL/v1/tasks" -H "authorization: Bearer $MSE_WORKER_HANDLE" -H 'content-type: application/json' -d '${body}'`
		const { run_id } = await launch(server.url, { id: 'above', flow: step('child', lit('hi'), '$.out'), agents: [shell('child', script)] })
		const above = await sink.run(run_id)
		const root = named(sink.spans, 'run hello')
		const attempt = named(above, 'attempt child')
		expect([root.traceId, root.parentSpanId]).toEqual([attempt.traceId, attempt.spanId])
		expect(root.attributes['mse.run.parent_id']).toBe(run_id)
	}, 30_000)

	test('that is killed sends both of its lives as one trace, with what it had not sent before', async () => {
		await using sink = traceSink()
		await using server = await startTestServer({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url }, args: ['--log-level', 'debug'] })
		const flow = seq(step('first', lit(1), '$.a'), step('slow', path('$.a'), '$.out'))
		const slow = shell('slow', 'test -e "$HOME/again" || { touch "$HOME/again"; sleep 60; }; printf \'"%s"\' "$TRACEPARENT"')
		const agents = [shell('first', 'printf 1'), slow]
		const { run_id } = await launch(server.url, { id: 'two-lives', flow, agents }, {}, { detach: true })
		await sink.until(1, ({ name }) => name === 'step first')
		const log = async () => JSON.stringify((await call('GET', `${server.url}/v1/events?run=${run_id}&follow=false`)).body)
		await eventually(async () => (await log()).split('attempt.started').length === 3, { what: 'the second step is worked on' })
		sink.status = 503
		const other = await launch(server.url, hello)
		await server.restart()
		sink.status = 200
		await untilEnded(server.url, run_id)
		const spans = await sink.run(run_id)
		const root = named(spans, 'run two-lives')
		const lines = server.stderr.split('\n').filter((line) => line.includes(run_id))
		expect(lines.filter((line) => line.includes(`"trace_id":"${root.traceId}"`))).not.toEqual([])
		expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([root.traceId]))
		const ofSlow = spans.filter(({ name }) => name === 'attempt slow')
		expect(ofSlow.map(({ status, attributes }) => [status, attributes['mse.attempt.status']])).toEqual([
			[2, 'lost'],
			[0, 'finished'],
		])
		expect(ofSlow.map(({ parentSpanId }) => parentSpanId)).toEqual(Array(2).fill(named(spans, 'step slow').spanId))
		expect(named(spans, 'step first').parentSpanId).toBe(root.spanId)
		expect(root.notes).toContain('run.recovered')
		const run = await call<{ readonly result_ref: { readonly out: string } }>('GET', `${server.url}/v1/runs/${run_id}`)
		expect(JSON.stringify(run.body)).toContain(`00-${root.traceId}-${ofSlow[1]?.spanId}-01`)
		expect((await sink.run(other.run_id)).map(({ name }) => name)).toEqual(['step echo', 'run hello'])
	}, 60_000)

	test('whose collector is away runs as ever, says so once, shows it, and sends all of it later', async () => {
		await using sink = traceSink()
		sink.status = 503
		const env = { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_EXPORTER_OTLP_TIMEOUT: '500' }
		await using server = await startTestServer({ env })
		const runs = await Promise.all(Array.from({ length: 20 }, () => launch(server.url, hello)))
		const metrics = async () => String((await call('GET', `${server.url}/metrics`)).body)
		await eventually(async () => /^mse_trace_send_failures [1-9]/m.test(await metrics()), { what: 'a failed send is counted' })
		expect(await metrics()).toMatch(/^mse_trace_spans\{state="sent"\} 0$/m)
		const doctor = async () => {
			const { body } = await call<{ checks: { name: string; status: string; detail: string }[] }>(
				'GET',
				`${server.url}/v1/doctor?probe=true`,
			)
			return body.checks.find(({ name }) => name === 'traces')
		}
		expect(await doctor()).toMatchObject({ status: 'broken', detail: expect.stringContaining(`cannot be sent to ${sink.url}/v1/traces`) })
		sink.status = 200
		for (const { run_id } of runs) expect(await sink.run(run_id)).toHaveLength(2)
		expect(sink.spans).toHaveLength(40)
		expect(await doctor()).toMatchObject({ status: 'ok', detail: expect.stringContaining('takes traces; 40 spans were sent') })
		expect(server.stderr.split('traces cannot be sent')).toHaveLength(2)
		expect(server.stderr).toContain('traces are taken again')
	}, 60_000)

	test('sends what has happened before it stops, and so does a run of its own', async () => {
		await using sink = traceSink()
		const env = { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url }
		await using server = await startTestServer({ env })
		const { run_id } = await launch(server.url, hello)
		expect(await server.kill('SIGTERM')).toBe(0)
		expect(sink.spans.map(({ attributes }) => attributes['mse.run.id'])).toEqual([run_id, run_id])
		const once = await runBinary(['run', 'hello', '--ctx', '{"greeting":"hi"}'], { env: { ...env, TRACEPARENT: CALLER } })
		expect([once.code, sink.spans.at(-1)?.name]).toEqual([0, 'run hello'])
		expect(sink.spans.at(-1)?.traceId).toBe('a'.repeat(32))
	}, 60_000)

	test('waits for no collector that never answers when it stops, and sends later what that did not take', async () => {
		await using sink = traceSink()
		using hole = Bun.serve({ port: 0, hostname: '127.0.0.1', idleTimeout: 0, fetch: () => new Promise<Response>(() => {}) })
		await using server = await startTestServer({ config: `[telemetry]\nendpoint = "${hole.url.origin}"\n` })
		const { run_id } = await launch(server.url, hello)
		expect(await server.kill('SIGTERM')).toBe(0)
		expect(await server.restartDoomed({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url })).toBe(true)
		expect(await sink.run(run_id)).toHaveLength(2)
	}, 60_000)

	test('tells of the model and the tokens of an attempt in the words of the GenAI conventions', async () => {
		await using sink = traceSink()
		await using llm = llmServer([{ text: 'a poem' }])
		const env = { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, ANTHROPIC_API_KEY: 'k', ANTHROPIC_BASE_URL: llm.url }
		await using server = await startTestServer({ env })
		const poet = { name: 'poet', kind: 'agent_block', spec: {}, profile: { system_prompt: 'Write.', model: 'anthropic/claude-scripted' } }
		const { run_id } = await launch(server.url, { id: 'ask', flow: step('poet', lit('Now.'), '$.out'), agents: [poet] })
		expect(named(await sink.run(run_id), 'attempt poet').attributes).toMatchObject({
			...{ 'mse.backend': 'llm', 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'poet' },
			...{ 'gen_ai.response.model': expect.any(String), 'gen_ai.usage.input_tokens': expect.any(Number) },
		})
	}, 30_000)
})

test('a server without a collector says so, hands a caller’s span on as it is, and its child has none of its own', async () => {
	await using server = await startTestServer()
	expect(answerOf(await launch(server.url, tells, { traceparent: CALLER }))).toBe(CALLER)
	expect(answerOf(await launch(server.url, tells))).toBe('')
	const { body } = await call<{ checks: { name: string }[]; traces_enabled: boolean }>('GET', `${server.url}/v1/doctor?probe=true`)
	expect(body.traces_enabled).toBe(false)
	expect(body.checks.find(({ name }) => name === 'traces')).toMatchObject({
		status: 'ok',
		detail: expect.stringContaining('traces are off'),
	})
	expect((await runBinary(['doctor'], { env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' } })).stdout).toContain(
		'traces cannot be sent',
	)
}, 60_000)
