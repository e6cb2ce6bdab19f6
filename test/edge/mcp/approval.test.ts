import { expect, test } from 'bun:test'
import { eventually } from '../../support/eventually.ts'
import { verifies } from '../../support/verifies.ts'
import { gated, type McpWorld, mcpWorld, oneStep } from './mcp-world.ts'

async function waitingRun(it: McpWorld): Promise<{ run_id: string; id: number }> {
	const { run_id } = (await it.app.launch(oneStep(gated), { detach: true })).body
	const { approvals } = await it.use('mse_approval_wait', { timeout_secs: 10 })
	expect(approvals).toHaveLength(1)
	return { run_id, id: approvals[0].id }
}

test('a step that waits for a yes is listed, shown with its form, and goes on when it is approved', async () => {
	verifies('05.T5', '05.T13')
	await using it = await mcpWorld()
	const { run_id, id } = await waitingRun(it)
	const { approvals } = await it.use('mse_approvals')
	expect(approvals).toMatchObject([{ id, kind: 'step_spawn', status: 'pending', run_id }])
	expect(await it.use('mse_approval', { id })).toMatchObject({ id, form: { required: ['tier'] }, payload: expect.anything() })
	expect(await it.use('mse_run_wait', { run_id, timeout_secs: 5 })).toMatchObject({ phase: 'waiting_approval', approvals: [{ id }] })

	const refused = await it.say('mse_approve', { id, answer: { tier: 'z' } })
	expect(refused).toMatchObject({ isError: true, value: { code: expect.any(String), error: expect.stringContaining('tier') } })
	expect(await it.use('mse_approve', { id, answer: { tier: 'a' }, by: 'ada', note: 'fine' })).toMatchObject({
		status: 'approved',
		by: 'ada',
	})
	expect(await it.use('mse_run_wait', { run_id, timeout_secs: 10 })).toMatchObject({ status: 'done' })
	expect(await it.say('mse_approve', { id, answer: { tier: 'a' } })).toMatchObject({
		isError: true,
		value: { error: `approval ${id} is already approved` },
	})
	expect((await it.use('mse_approvals', { status: 'all' })).approvals).toMatchObject([{ id, status: 'approved', by: 'ada', note: 'fine' }])
})

test('a denied step fails with the note', async () => {
	await using it = await mcpWorld()
	const { run_id, id } = await waitingRun(it)
	expect(await it.use('mse_deny', { id, note: 'not today' })).toMatchObject({ status: 'denied', note: 'not today', by: 'mcp' })
	const run = await it.use('mse_run_wait', { run_id, timeout_secs: 10 })
	expect(run).toMatchObject({ status: 'failed', error: { code: 'approval_denied' } })
})

test('a question of its own is asked, and its answer waited for', async () => {
	await using it = await mcpWorld()
	const { id } = await it.use('mse_approval_ask', { question: 'May I?', form: { type: 'object', properties: { go: { type: 'boolean' } } } })
	expect(await it.use('mse_approval_wait', { id, timeout_secs: 0 })).toMatchObject({ timed_out: true, approval: { status: 'pending' } })
	const waiting = it.use('mse_approval_wait', { id, timeout_secs: 20 })
	await it.app.call('POST', `/v1/approvals/${id}/approve`, { by: 'ada', answer: { go: true } })
	expect(await waiting).toMatchObject({ timed_out: false, approval: { status: 'approved', answer: { go: true } } })
})

test('a wait that is cancelled ends, and one with a progress token tells that it goes on', async () => {
	await using it = await mcpWorld()
	const stop = new AbortController()
	const told: string[] = []
	const waiting = it.use(
		'mse_approval_wait',
		{ timeout_secs: 600 },
		{
			signal: stop.signal,
			onprogress: ({ message }) => void told.push(message ?? ''),
		},
	)
	waiting.catch(() => {})
	await eventually(() => told.length > 0, { what: 'progress is told' })
	expect(told[0]).toContain('no approval is asked for')
	stop.abort('enough')
	await expect(waiting).rejects.toThrow()
	const before = told.length
	await it.use('mse_runs')
	expect(told).toHaveLength(before)
}, 15_000)

test('an unknown approval is told as the server tells it', async () => {
	await using it = await mcpWorld()
	expect(await it.say('mse_approval', { id: 77 })).toEqual({
		isError: true,
		value: { error: 'no such approval 77', code: 'unknown_approval' },
	})
})
