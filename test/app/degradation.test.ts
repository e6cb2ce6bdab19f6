import { expect, test } from 'bun:test'
import type { JsonObject } from '../../src/kernel/json.ts'
import { lit, seq, step } from '../support/blueprints.ts'
import { eventually } from '../support/eventually.ts'
import { joinedOperator, type TestServer, testServer } from '../support/test-server.ts'
import { verifies } from '../support/verifies.ts'

const blueprint = (over: JsonObject): JsonObject => ({
	id: 'degraded',
	flow: seq(step('coder', lit('go'), '$.out')),
	agents: [{ name: 'coder', kind: 'operator', spec: { operator_ref: 'main' } }],
	operators: [{ name: 'main' }],
	...over,
})

async function launch(server: TestServer, value: JsonObject): Promise<string> {
	const { body } = await server.call('POST', '/v1/tasks', { blueprint: { kind: 'inline', value }, init_ctx: {}, detach: true })
	return body.run_id
}

const ended = (server: TestServer, runId: string) =>
	eventually(
		async () => {
			const { body } = await server.call('GET', `/v1/runs/${runId}`)
			return body.status === 'running' ? false : body
		},
		{ what: 'the run ends' },
	)

const report = (server: TestServer, { bearer }: { bearer: string }, tool: string) =>
	server.call('POST', '/v1/worker/degradation', { tool, error: 'no such tool', fallback: 'guessing' }, { authorization: bearer })

test('a worker that could not do as asked passes its step, unless degradation_policy is fail', async () => {
	verifies('03.Blueprint.degradation_policy', '06.24')
	for (const [policy, status, error] of [
		[undefined, 'done', undefined],
		['warn', 'done', undefined],
		[
			'fail',
			'failed',
			{ code: 'degraded', failed_step: 'coder', message: expect.stringContaining("tool 'Bash' failed (no such tool), and guessing") },
		],
	] as const) {
		await using server = await testServer()
		using operator = await joinedOperator(server, 'main')
		const runId = await launch(server, blueprint(policy ? { degradation_policy: policy } : {}))
		const spawned = await operator.spawned()
		expect((await report(server, spawned, 'Bash')).status).toBe(204)
		operator.reply({ type: 'spawn_ack', req_id: spawned.reqId, ok: true, value: 'made' })
		const run = await ended(server, runId)
		expect([run.status, run.result_ref.error]).toEqual([status, error && expect.objectContaining(error)])
		expect(run.degradations).toMatchObject([{ tool: 'Bash', step_ref: 'coder', attempt: 1 }])
	}
})

test('a degraded attempt is tried again like any that failed, and what it could not do is not held against the next one', async () => {
	verifies('03.Blueprint.degradation_policy')
	await using server = await testServer()
	using operator = await joinedOperator(server, 'main')
	const policy = { retry: { max_attempts: 2, backoff_ms: 1, jitter: 0 } }
	const runId = await launch(server, blueprint({ degradation_policy: 'fail', metadata: { policy } }))
	const first = await operator.spawned()
	await report(server, first, 'Bash')
	operator.reply({ type: 'spawn_ack', req_id: first.reqId, ok: true, value: 'guessed' })
	const second = await operator.spawned()
	operator.reply({ type: 'spawn_ack', req_id: second.reqId, ok: true, value: 'made' })
	expect(await ended(server, runId)).toMatchObject({ status: 'done', result_ref: { out: 'made' }, step_entries: [{ attempt: 2 }] })
})
