import { expect, test } from 'bun:test'
import type { Worker } from '../../../../src/core/dispatch/backend.ts'
import { asRunId } from '../../../../src/kernel/id.ts'
import { blueprintOf, lit, path, seq, step } from '../../../support/blueprints.ts'
import { eventually } from '../../../support/eventually.ts'
import { fakeClock } from '../../../support/fake-clock.ts'
import { verifies } from '../../../support/verifies.ts'
import { httpWorld } from '../support.ts'

const greet = blueprintOf(step('identity', path('$.name'), '$.out'), ['identity'])

/** Works until it is told to end. */
function gate(): { worker: Worker; release: () => void } {
	const opened = Promise.withResolvers<void>()
	return {
		release: () => opened.resolve(),
		worker: {
			pure: false,
			async perform({ signal }) {
				const aborted = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
				await Promise.race([opened.promise, aborted])
				return { final: { value: 'released', ok: true } }
			},
		},
	}
}

test('a synchronous launch answers with the final ctx and the ids of what it made', async () => {
	verifies('01.C10', '01.C11', '01.C91', '04.88')
	await using world = httpWorld()
	const { status, body } = await world.launch(greet, { init_ctx: { name: 'Ann' }, goal: 'say hello', project_root: '/p' })
	expect(status).toBe(200)
	expect(body).toMatchObject({
		final_ctx: { name: 'Ann', out: 'Ann' },
		bound_version: null,
		effective_ttl_secs: 1800,
		ttl_source: 'server_default',
		task_id: expect.stringMatching(/^T-[0-9a-f]{16}$/),
		run_id: expect.stringMatching(/^R-[0-9a-f]{16}$/),
		status: 'done',
		info: { goal: 'say hello', project_root: '/p', work_dir: null, seats: [], seats_source: 'blueprint', note: null },
	})
})

test('unknown keys and nulls of a launch are ignored, whichever client sends them', async () => {
	await using world = httpWorld()
	const nulls = { ttl_secs: null, operator: null, operator_sid: null, operator_desc: null, goal: null, timeout_secs: null, detach: null }
	const { status } = await world.launch(greet, { ...nulls, init_ctx: { name: 'x' }, surprise: { at: 'all' }, operator_slot: null })
	expect(status).toBe(200)
})

test('the time to live is the one of the request, then of the Blueprint', async () => {
	verifies('03.BlueprintMetadata.default_run_ttl_secs', '01.C8', '01.C9', '01.C11', '04.88')
	await using world = httpWorld()
	const declared = { ...greet, metadata: { default_run_ttl_secs: 77 } }
	const init_ctx = { name: 'x' }
	expect((await world.launch(declared, { init_ctx, ttl_secs: 300 })).body).toMatchObject({
		effective_ttl_secs: 300,
		ttl_source: 'request_body',
	})
	expect((await world.launch(declared, { init_ctx })).body).toMatchObject({ effective_ttl_secs: 77, ttl_source: 'bp_metadata' })
})

test('a stored Blueprint is launched by id, and its version is plain hex that is accepted back', async () => {
	verifies('03.Blueprint.id', '01.C99', '01.C100')
	await using world = httpWorld()
	const { body: registered } = await world.call('POST', '/v1/blueprints/test', greet)
	const byId = { blueprint: { kind: 'id', id: 'test' }, init_ctx: { name: 'x' } }
	const { body } = await world.call('POST', '/v1/tasks', byId)
	expect(body.bound_version).toBe(registered.version)
	expect(body.bound_version).toMatch(/^[0-9a-f]{64}$/)
	const fixed = { blueprint: { kind: 'id', id: 'test', version: { kind: 'fixed', value: body.bound_version } }, init_ctx: { name: 'x' } }
	expect((await world.call('POST', '/v1/tasks', fixed)).status).toBe(200)
	const unknown = await world.call('POST', '/v1/tasks', { ...byId, blueprint: { kind: 'id', id: 'nobody' } })
	expect([unknown.status, unknown.body.error]).toEqual([400, 'bp resolve: store: blueprint id not found: nobody'])
	expect(unknown.body).not.toHaveProperty('details')
	await world.call('DELETE', '/v1/blueprints/test')
	const archived = await world.call('POST', '/v1/tasks', byId)
	expect([archived.status, archived.body.code]).toEqual([409, 'blueprint_archived'])
	expect(archived.body.error).toStartWith('bp resolve: blueprint test is archived; POST /v1/blueprints/test/unarchive')
})

test('an inline Blueprint with mistakes is refused with all of them', async () => {
	await using world = httpWorld()
	const { status, body } = await world.launch({ id: 'x', flow: { kind: 'steep' }, agents: 5, extra: 1 })
	expect([status, body.code]).toEqual([400, 'blueprint_invalid'])
	expect(body.details.diagnostics.length).toBeGreaterThan(1)
	expect((await world.call('GET', '/v1/tasks')).body).toEqual([])
})

test('a flow that fails is 400 with where and what it got to', async () => {
	verifies('01.C99')
	await using world = httpWorld({ workers: { no: { pure: true, perform: () => ({ final: { value: 'nope', ok: false } }) } } })
	const { status, body } = await world.launch(
		blueprintOf(seq(step('identity', lit(1), '$.a'), step('no', lit(1), '$.b')), ['identity', 'no']),
	)
	expect(status).toBe(400)
	const { run_id } = body.details
	expect(body).toMatchObject({
		error: expect.stringMatching(/^run: flow eval: .*blocked: /),
		code: 'step_blocked',
		details: { failed_step: 'no', verdict_value: 'nope', partial_ctx: { steps: {} } },
	})
	expect((await world.call('GET', `/v1/runs/${run_id}`)).body).toMatchObject({
		status: 'failed',
		result_ref: { error: { failed_step: 'no' } },
	})
})

test('a detached launch answers 202 at once and goes on by itself', async () => {
	const { worker, release } = gate()
	await using world = httpWorld({ workers: { slow: worker } })
	const { status, body } = await world.launch(blueprintOf(step('slow', lit(1), '$.out'), ['slow']), { detach: true })
	expect([status, body.status, body.final_ctx]).toEqual([202, 'running', null])
	expect((await world.call('GET', `/v1/runs/${body.run_id}`)).body).toMatchObject({
		status: 'running',
		result_ref: null,
		phase: expect.any(String),
	})
	release()
	await world.service.wait(body.run_id, AbortSignal.timeout(20_000))
	expect((await world.call('GET', `/v1/runs/${body.run_id}`)).body).toMatchObject({
		status: 'done',
		phase: null,
		result_ref: { out: 'released' },
	})
})

test('a synchronous launch that reaches its ceiling is 504 with the seconds, and its run has failed', async () => {
	verifies('01.C90', '04.85')
	const clock = fakeClock()
	await using world = httpWorld({ workers: { slow: gate().worker }, clock })
	const pending = world.launch(blueprintOf(step('slow', lit(1), '$.out'), ['slow']), { timeout_secs: 7 })
	await eventually(() => clock.pending > 0, { what: 'the launch waits' })
	await clock.advance(7000)
	const { status, body } = await pending
	expect([status, body.code]).toEqual([504, 'sync_ceiling'])
	expect(body.error).toContain('7 s')
	expect((await world.call('GET', `/v1/runs/${body.details.run_id}`)).body.status).toBe('failed')
})

test('a caller that leaves does not end the run', async () => {
	verifies('01.C94', '04.85')
	const { worker, release } = gate()
	await using world = httpWorld({ workers: { slow: worker } })
	const leave = new AbortController()
	const blueprint = { kind: 'inline', value: blueprintOf(step('slow', lit(1), '$.out'), ['slow']) }
	const body = JSON.stringify({ blueprint, init_ctx: {} })
	const call = fetch(`${world.listen()}/v1/tasks`, {
		method: 'POST',
		body,
		headers: { 'content-type': 'application/json' },
		signal: leave.signal,
	})
	const [runId] = await eventually(async () => (await world.runs.unfinished()).length > 0 && world.runs.unfinished(), {
		what: 'the run began',
	})
	leave.abort()
	expect(call).rejects.toThrow()
	release()
	const ended = await world.service.wait(asRunId(runId ?? ''), AbortSignal.timeout(20_000))
	expect([ended.status, ended.result]).toEqual(['done', { out: 'released' }])
})

test('contradictions are 400 before anything is written', async () => {
	verifies('01.C103', '04.85', '04.92')
	await using world = httpWorld()
	const refused = async (over: object) => {
		const { status, body } = await world.launch(greet, over)
		return [status, body.code]
	}
	expect(await refused({ timeout_secs: 0 })).toEqual([400, 'bad_timeout'])
	expect(await refused({ timeout_secs: 5, detach: true })).toEqual([400, 'bad_timeout'])
	expect(await refused({ operator: { kind: 'boss' } })).toEqual([400, 'unknown_operator_kind'])
	expect(await refused({ operator: { per_agent_kinds: { a: 'boss' } } })).toEqual([400, 'unknown_operator_kind'])
	expect(await refused({ operator_sid: 'S-nobody' })).toEqual([400, 'unknown_operator'])
	expect(await refused({ operator_sid: 'S-1', operator_desc: '  ' })).toEqual([400, 'operator_desc_required'])
	expect(await refused({ check_policy: 'strict' })).toEqual([400, 'check_policy_needs_root'])
	expect((await world.launch(greet, { check_policy: 'strict', project_root: '/p', init_ctx: { name: 'x' } })).status).toBe(200)
	expect((await world.call('GET', '/v1/tasks')).body).toHaveLength(1)
})

test('a launch of the wrong shape is 422 with the path', async () => {
	await using world = httpWorld()
	const refused = async (body: unknown) => {
		const answer = await world.call('POST', '/v1/tasks', body)
		return [answer.status, answer.body.details?.path]
	}
	expect(await refused({ init_ctx: {} })).toEqual([422, 'blueprint'])
	expect(await refused({ blueprint: { kind: 'inline', value: greet } })).toEqual([422, 'init_ctx'])
	expect(await refused({ blueprint: { kind: 'inline' }, init_ctx: null })).toEqual([422, 'blueprint'])
	expect(await refused({ blueprint: { kind: 'file' }, init_ctx: null })).toEqual([422, 'blueprint'])
	expect(await refused({ blueprint: { kind: 'id', id: 'x', version: { kind: 'newest' } }, init_ctx: null })).toEqual([422, 'blueprint'])
	expect(await refused({ blueprint: { kind: 'id', id: 'x' }, init_ctx: null, ttl_secs: -1 })).toEqual([422, 'ttl_secs'])
	expect(await refused({ blueprint: { kind: 'id', id: 'x' }, init_ctx: null, detach: 'yes' })).toEqual([422, 'detach'])
	expect(await refused([])).toEqual([422, ''])
})

test('tasks are listed newest first, and one is shown with its runs', async () => {
	verifies('01.C102')
	await using world = httpWorld()
	const first = (await world.launch(greet, { init_ctx: { name: 'a' }, goal: 'one' })).body
	const second = (await world.launch(greet, { init_ctx: { name: 'b' }, goal: 'two', work_dir: '/w' })).body
	const { body: tasks } = await world.call('GET', '/v1/tasks')
	expect(tasks.map(({ goal, status }: { goal: string; status: string }) => [goal, status])).toEqual([
		['two', 'done'],
		['one', 'done'],
	])
	expect((await world.call('GET', '/v1/tasks?limit=1')).body).toHaveLength(1)
	const { body: detail } = await world.call('GET', `/v1/tasks/${second.task_id}`)
	expect(detail.task.created_at).toBeLessThan(10_000_000_000)
	expect(detail).toMatchObject({
		task: { id: second.task_id, input_ctx: { name: 'b' }, task_input_spec: { work_dir: '/w' } },
		runs: [{ id: second.run_id, status: 'done' }],
	})
	expect(first.task_id).not.toBe(second.task_id)
	const unknown = await world.call('GET', '/v1/tasks/T-0')
	expect([unknown.status, unknown.body]).toEqual([404, { error: 'Task T-0 does not exist.', code: 'unknown_task' }])
})
