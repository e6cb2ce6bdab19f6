import { describe, expect, test } from 'bun:test'
import type { Approval, ApprovalEntry } from '../../../src/core/approval/approval.ts'
import type { Run } from '../../../src/core/run/record.ts'
import type { Json, JsonObject } from '../../../src/kernel/json.ts'
import { attempt, blueprintOf, fanout, lit, loop, seq, step } from '../../support/blueprints.ts'
import { eventually } from '../../support/eventually.ts'
import { fakeClock } from '../../support/fake-clock.ts'
import { type RunWorld, runWorld } from '../../support/run-world.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { verifies } from '../../support/verifies.ts'
import { effect, pass, pure } from '../../support/workers.ts'

const ada = { names: ['ada'] as const }
const echo = pure((prompt) => prompt)

/** Steps of `echo` that ask before they begin. */
const asking = (flow: JsonObject, approve: Json = 'before_spawn', over: JsonObject = {}): JsonObject =>
	blueprintOf(flow, ['echo'], { metadata: { policy: { approve } }, ...over })
const one = step('echo', lit('hello'), '$.said')

const pendingOf = (world: RunWorld): Promise<readonly ApprovalEntry[]> => world.gate.list({ status: 'pending', after: 0, limit: 100 })

/** The only question that waits, once it does. */
async function question(world: RunWorld): Promise<Approval> {
	const [only] = await eventually(
		async () => {
			const waiting = await pendingOf(world)
			return waiting.length === 1 && waiting
		},
		{ what: 'one approval waits' },
	)
	return world.gate.get((only as ApprovalEntry).id)
}

const errorOf = ({ result }: Run) => (result as { error: { code: string; message: string } }).error

describe('a step that asks first', () => {
	test('parks its run until it is granted, and gives its worker the answer', async () => {
		verifies('03.Policy.approve', '03.ApprovalPolicy.when')
		const seen: unknown[] = []
		const worker = effect(async ({ prompt, context, n }) => {
			seen.push([context.approval, n])
			return pass(prompt)
		})
		await using world = runWorld({ workers: { echo: worker } })
		const { run, ended } = await world.launch(asking(one), { detach: true })
		const approval = await question(world)
		expect(approval).toMatchObject({
			...{ kind: 'step_spawn', runId: run.id, taskId: run.taskId, position: '/approval', requester: run.id },
			subject: { type: 'step', name: 'echo' },
			...{ payload: { agent: 'echo', prompt: 'hello' }, onTimeout: 'deny', required: 1, deadlineAt: null },
		})
		const [before] = await world.runs.steps(run.id)
		expect([world.service.phaseOf(run), before?.status, before?.attempt, seen]).toEqual(['waiting_approval', 'running', 0, []])
		await world.gate.approve(approval.id, { ...ada, note: 'fine', answer: { tier: 'a' } })
		expect(await ended).toMatchObject({ status: 'done', result: { said: 'hello' } })
		expect(seen).toEqual([[{ answer: { tier: 'a' }, by: 'ada', note: 'fine' }, 1]])
		expect((await world.runs.steps(run.id))[0]).toMatchObject({ status: 'passed', attempt: 1 })
	})

	test('of a pure function asks as well', async () => {
		await using world = runWorld({ workers: { echo } })
		const { ended } = await world.launch(asking(one), { detach: true })
		await world.gate.approve((await question(world)).id, ada)
		expect((await ended).status).toBe('done')
	})

	test('fails with the note when it is denied, and the flow may catch that', async () => {
		await using world = runWorld({ workers: { echo } })
		const denied = await world.launch(asking(one), { detach: true })
		const { id } = await question(world)
		await world.gate.deny(id, { ...ada, note: 'not on a Friday' })
		const run = await denied.ended
		expect([run.status, errorOf(run).code]).toEqual(['failed', 'approval_denied'])
		expect(errorOf(run).message).toContain(`approval ${id} was denied by ada: not on a Friday`)
		const caught = await world.launch(asking(attempt(one, { kind: 'seq', children: [] }, '$.why')), { detach: true })
		await world.gate.deny((await question(world)).id, { ...ada, note: 'no' })
		expect((await caught.ended).status).toBe('done')
	})

	test('asks again in each round of a loop, and not for a retry', async () => {
		let tries = 0
		const flaky = effect(async () => {
			if (++tries % 2 === 1) throw new Error('not yet')
			return pass(tries)
		})
		await using world = runWorld({ workers: { echo: flaky } })
		const policy = { approve: 'before_spawn', retry: { max_attempts: 2, backoff_ms: 0, jitter: 0 } }
		const { ended } = await world.launch(asking(loop(2, one), 'before_spawn', { metadata: { policy } }), { detach: true })
		const first = await question(world)
		await world.gate.approve(first.id, ada)
		const second = await eventually(async () => (await pendingOf(world)).find(({ id }) => id !== first.id), { what: 'round two asks' })
		await world.gate.approve(second.id, ada)
		expect([(await ended).status, tries, (await world.gate.list({ after: 0, limit: 10 })).length]).toEqual(['done', 4, 2])
		expect([first.position, second.position]).toEqual(['/body[0]/approval', '/body[1]/approval'])
	})

	test('takes approvers, their number, a form and a deadline from its policy', async () => {
		verifies('03.ApprovalPolicy.approvers', '03.ApprovalPolicy.required', '03.ApprovalPolicy.form', '03.ApprovalPolicy.deadline_ms')
		const clock = fakeClock()
		await using world = runWorld({ workers: { echo }, clock })
		const approve = { approvers: ['lead', 'ada'], required: 2, deadline_ms: 1000, on_timeout: 'approve', form: { type: 'object' } }
		const { ended } = await world.launch(asking(one, approve), { detach: true })
		expect(await question(world)).toMatchObject({
			...{ approvers: ['lead', 'ada'], required: 2, onTimeout: 'approve', form: { type: 'object' }, deadlineAt: clock.now() + 1000 },
		})
		await clock.elapse(1000)
		expect((await ended).status).toBe('done')
	})

	test('that nobody answers in time is denied', async () => {
		verifies('03.ApprovalPolicy.on_timeout')
		const clock = fakeClock()
		await using world = runWorld({ workers: { echo }, clock })
		const { ended } = await world.launch(asking(one, { deadline_ms: 1000 }), { detach: true })
		await question(world)
		await clock.elapse(1000)
		expect(errorOf(await ended)).toMatchObject({ code: 'approval_denied', message: expect.stringContaining('nobody answered') })
	})

	test('fails when the queue is full', async () => {
		await using world = runWorld({ workers: { echo }, gate: { maxPending: 1 } })
		await world.launch(asking(one), { detach: true })
		await question(world)
		const run = await (await world.launch(asking(one), { detach: true })).ended
		expect(errorOf(run).code).toBe('approval_queue_full')
	})

	test('waits at no cost to the run’s time to live', async () => {
		const clock = fakeClock()
		await using world = runWorld({ workers: { echo }, clock })
		const { run, ended } = await world.launch(asking(one), { detach: true, ttlSecs: 1 })
		const { id } = await question(world)
		await clock.elapse(5000)
		expect((await world.runs.run(run.id))?.status).toBe('running')
		await world.gate.approve(id, ada)
		expect((await ended).status).toBe('done')
	})
})

describe('a question that nobody needs answered any more', () => {
	test('fails with the cancel of its run, in the same moment', async () => {
		await using world = runWorld({ workers: { echo } })
		const { run, ended } = await world.launch(asking(one), { detach: true })
		const { id } = await question(world)
		await world.service.cancel(run.id, 'enough')
		expect(await world.gate.get(id)).toMatchObject({ status: 'failed', note: 'the run was cancelled' })
		expect((await ended).status).toBe('cancelled')
		await expect(world.gate.approve(id, ada)).rejects.toMatchObject({ message: `approval ${id} is already failed` })
	})

	test('fails with the cancel of its step, and the run goes on', async () => {
		await using world = runWorld({ workers: { echo } })
		const { ended } = await world.launch(asking(attempt(one, seq(), '$.why')), { detach: true })
		const { id, stepId } = await question(world)
		await world.service.cancelStep(stepId as never, 'enough')
		expect(await world.gate.get(id)).toMatchObject({ status: 'failed', note: 'the step has been cancelled' })
		expect((await ended).status).toBe('done')
	})

	test('fails when another lane decides its fan-out', async () => {
		const gates = { b: Promise.withResolvers<void>() }
		const quick = effect(async ({ prompt }) => {
			await gates.b.promise
			return pass(prompt)
		})
		await using world = runWorld({ workers: { echo, quick } })
		const lane = { kind: 'branch', cond: { op: 'eq', lhs: { op: 'path', at: '$.item' }, rhs: lit('a') } }
		const body = { ...lane, then: step('echo', lit('x'), '$.x'), else: step('quick', lit('y'), '$.x') }
		const agents = [
			{ name: 'echo', kind: 'rust_fn', spec: { fn_id: 'echo' }, policy: { approve: 'before_spawn' } },
			{ name: 'quick', kind: 'rust_fn', spec: { fn_id: 'quick' } },
		]
		const { ended } = await world.launch({ id: 'race', flow: fanout(['a', 'b'], 'any', body, '$.won'), agents }, { detach: true })
		const { id } = await question(world)
		gates.b.resolve()
		expect((await ended).status).toBe('done')
		expect((await world.gate.get(id)).status).toBe('failed')
	})
})

test('after a death of the server the same question still waits, and its grant lets the run go on', async () => {
	using dir = tempDir()
	const first = runWorld({ workers: { echo }, dir: dir.path })
	const { run } = await first.launch(asking(one), { detach: true })
	const asked = await question(first)
	first.kill()
	await using second = runWorld({ workers: { echo }, dir: dir.path })
	await second.gate.recover()
	await second.supervisor.recover()
	await eventually(() => second.service.phaseOf(run) === 'waiting_approval', { what: 'it waits again' })
	expect((await question(second)).id).toBe(asked.id)
	await second.gate.approve(asked.id, ada)
	expect((await second.service.wait(run.id, new AbortController().signal)).status).toBe('done')
	expect((await second.gate.list({ after: 0, limit: 10 })).length).toBe(1)
})

test('an answer that came before the death of the server counts after it', async () => {
	using dir = tempDir()
	const first = runWorld({ workers: { echo }, dir: dir.path })
	const { run } = await first.launch(asking(one), { detach: true })
	const { id } = await question(first)
	await first.supervisor.stop()
	await first.gate.deny(id, { ...ada, note: 'no' })
	first.kill()
	await using second = runWorld({ workers: { echo }, dir: dir.path })
	await second.supervisor.recover()
	const ended = await second.service.wait(run.id, new AbortController().signal)
	expect(errorOf(ended).code).toBe('approval_denied')
})

test('a paused run begins nothing when its question is granted', async () => {
	await using world = runWorld({ workers: { echo } })
	const { run, ended } = await world.launch(asking(one), { detach: true })
	const { id } = await question(world)
	await world.service.pause(run.id)
	await world.gate.approve(id, ada)
	expect([world.service.phaseOf(run), (await world.runs.steps(run.id))[0]?.attempt]).toEqual(['paused', 0])
	await world.service.resume(run.id)
	expect((await ended).status).toBe('done')
})

test('a question goes with its deleted run', async () => {
	await using world = runWorld({ workers: { echo } })
	const { run } = await world.launch(asking(one), { detach: true })
	const { id } = await question(world)
	await world.runs.deleteRun(run.id)
	expect(await world.gate.get(id)).toMatchObject({ status: 'failed', note: 'the run was deleted' })
})
