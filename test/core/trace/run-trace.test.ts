import { describe, expect, test } from 'bun:test'
import type { LaunchRequest } from '../../../src/core/run/launch/request.ts'
import type { Run } from '../../../src/core/run/record.ts'
import { rootOf } from '../../../src/core/trace/context.ts'
import { RunTrace } from '../../../src/core/trace/run-trace.ts'
import type { Span } from '../../../src/core/trace/span.ts'
import type { Json } from '../../../src/kernel/json.ts'
import type { Event, EventKind } from '../../../src/protocol/event.ts'
import { blueprintOf, fanout, lit, path, seq, step } from '../../support/blueprints.ts'
import { eventually } from '../../support/eventually.ts'
import { type RunWorld, runWorld } from '../../support/run-world.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { effect, gated, hang, pass, pure } from '../../support/workers.ts'

const CALLER = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
const echo = pure((prompt) => prompt)
const works = effect(async ({ prompt }) => pass(prompt))

const eventsOf = (world: RunWorld, run: string) => world.events.read(0, { run }, 1000)

/** Launches and waits for the end. */
async function ran(world: RunWorld, blueprint: Json, over: Partial<LaunchRequest> = {}): Promise<Run> {
	const { ended } = await world.launch(blueprint, { detach: true, ...over })
	return ended
}

/** The spans of a run, in the order in which they ended. */
async function spansOf(world: RunWorld, run: string): Promise<Span[]> {
	const trace = new RunTrace(run, 1)
	return (await eventsOf(world, run)).flatMap((event) => trace.take(event))
}

const named = (spans: readonly Span[], name: string): Span => {
	const found = spans.find((span) => span.name === name)
	if (!found) throw new Error(`no ${name} among ${spans.map((span) => span.name).join(', ')}`)
	return found
}

const shape = (spans: readonly Span[]) => spans.map(({ name, status }) => `${name}: ${status}`)

/** Facts of one run, a second apart. */
const facts = (...told: readonly (readonly [EventKind, Event['data'], string?])[]): Event[] =>
	told.map(([kind, data, step_id], index) => ({
		...{ seq: index + 1, at: 1_000_000 + index * 1000, kind, run_id: 'R-1', task_id: 'T-1', data },
		...(step_id !== undefined && { step_id }),
	}))

function taken(events: readonly Event[], share = 1): Span[] {
	const trace = new RunTrace('R-1', share)
	return events.flatMap((event) => trace.take(event))
}

describe('the trace of a run', () => {
	test('has a root, a span for each step below it, and one for each attempt below that', async () => {
		await using world = runWorld({ workers: { plan: works, echo } })
		const flow = seq(step('plan', lit('a'), '$.a'), step('echo', path('$.a'), '$.b'))
		const run = await ran(world, blueprintOf(flow, ['plan', 'echo']))
		const spans = await spansOf(world, run.id)
		expect(shape(spans)).toEqual(['attempt plan: unset', 'step plan: ok', 'step echo: ok', 'run test: ok'])
		const [root, plan] = [named(spans, 'run test'), named(spans, 'step plan')]
		expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([root.traceId]))
		expect(root).toMatchObject({ parent: undefined, kind: 'internal', spanId: rootOf({ ...run, options: {} }, 1).spanId })
		expect(root.attributes).toMatchObject({
			...{ 'mse.run.id': run.id, 'mse.task.id': run.taskId, 'mse.run.generation': 1, 'mse.run.status': 'done' },
			...{ 'mse.blueprint.id': 'test', 'mse.blueprint.commit': run.blueprintHash },
		})
		expect(plan.parent).toEqual({ spanId: root.spanId, isRemote: false })
		expect(plan.attributes).toMatchObject({ 'mse.step.ref': 'plan', 'mse.step.position': '/0', 'mse.step.status': 'passed' })
		expect(named(spans, 'attempt plan')).toMatchObject({
			parent: { spanId: plan.spanId },
			attributes: { 'mse.attempt.number': 1, 'mse.backend': 'scripted', 'mse.step.id': plan.attributes['mse.step.id'] },
		})
	})

	test('has the times of the log', () => {
		const spans = taken(
			facts(
				['run.started', { blueprint: 'b' }],
				['step.dispatched', { ref: 's', position: '/' }, 'ST-1'],
				['attempt.started', { ref: 's', attempt: 1, backend: 'process' }, 'ST-1'],
				['attempt.ended', { attempt: 1, status: 'finished' }, 'ST-1'],
				['step.completed', { ref: 's', position: '/', status: 'passed', attempt: 1, duration_ms: 3000 }, 'ST-1'],
				['step.completed', { ref: 'pure', position: '/1', status: 'passed', attempt: 1, duration_ms: 400 }, 'ST-2'],
				['run.done', {}],
			),
		)
		expect(spans.map(({ name, kind, startedAt, endedAt }) => [name, kind, startedAt - 1_000_000, endedAt - 1_000_000])).toEqual([
			['attempt s', 'client', 2000, 3000],
			['step s', 'internal', 1000, 4000],
			['step pure', 'internal', 4600, 5000],
			['run b', 'internal', 0, 6000],
		])
	})

	test('is the same whoever makes it, and in every life of the server', async () => {
		using dir = tempDir()
		const gate = gated()
		const blueprint = blueprintOf(step('work', lit(1), '$.out'), ['work'])
		const first = runWorld({ workers: { work: hang }, dir: dir.path })
		const { run } = await first.launch(blueprint, { detach: true })
		await eventually(async () => (await eventsOf(first, run.id)).some(({ kind }) => kind === 'step.dispatched'), { what: 'the step' })
		first.kill()
		await using world = runWorld({ workers: { work: gate }, dir: dir.path })
		await world.supervisor.recover()
		gate.release()
		await world.service.wait(run.id, AbortSignal.timeout(5000))
		const spans = await spansOf(world, run.id)
		expect(shape(spans)).toEqual(['attempt work: error', 'attempt work: unset', 'step work: ok', 'run test: ok'])
		expect(spans[0]?.attributes).toMatchObject({ 'mse.attempt.number': 1, 'mse.attempt.status': 'lost', 'error.type': 'attempt_lost' })
		expect(spans.map(({ parent }) => parent?.spanId)).toEqual([spans[2]?.spanId, spans[2]?.spanId, spans[3]?.spanId, undefined])
		expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(4)
		expect(spans[3]?.notes.map(({ name }) => name)).toEqual(['run.recovered'])
		expect(await spansOf(world, run.id)).toEqual(spans)
	})

	test('shows each attempt of a step that is tried again, and why', async () => {
		let tries = 0
		const flaky = effect(async ({ prompt }) => {
			if (++tries < 3) throw new Error(`no ${tries}`)
			return pass(prompt)
		})
		await using world = runWorld({ workers: { work: flaky } })
		const policy = { retry: { max_attempts: 3, backoff_ms: 0, jitter: 0 } }
		const run = await ran(world, blueprintOf(step('work', lit(1), '$.out'), ['work'], { metadata: { policy } }))
		const spans = await spansOf(world, run.id)
		expect(shape(spans)).toEqual(['attempt work: error', 'attempt work: error', 'attempt work: unset', 'step work: ok', 'run test: ok'])
		expect(spans.slice(0, 3).map(({ attributes }) => attributes['mse.attempt.number'])).toEqual([1, 2, 3])
		expect(spans[1]).toMatchObject({ message: expect.stringContaining('no 2'), attributes: { 'error.type': 'step_failed' } })
		expect(named(spans, 'step work').notes.map(({ name }) => name)).toEqual(['attempt.retry_scheduled', 'attempt.retry_scheduled'])
	})

	test('has a failed run with its failed step, and what was caught fails alone', async () => {
		const fails = effect(async () => {
			throw new Error('boom')
		})
		await using world = runWorld({ workers: { work: fails } })
		const run = await ran(world, blueprintOf(step('work', lit(1), '$.out'), ['work']))
		const spans = await spansOf(world, run.id)
		expect(shape(spans)).toEqual(['attempt work: error', 'step work: error', 'run test: error'])
		const root = named(spans, 'run test')
		expect(root.message).toContain('boom')
		expect(root.attributes).toMatchObject({ 'mse.run.status': 'failed', 'error.type': 'step_failed', 'mse.run.failed_step': 'work' })
	})

	test('a blocked step is an error of its own kind, and its attempt is not', async () => {
		await using world = runWorld({ workers: { work: effect(async () => ({ final: { value: 'no', ok: false } })) } })
		const run = await ran(world, blueprintOf(step('work', lit(1), '$.out'), ['work']))
		const spans = await spansOf(world, run.id)
		expect(named(spans, 'step work')).toMatchObject({
			status: 'error',
			attributes: { 'mse.step.status': 'blocked', 'error.type': 'blocked' },
		})
		expect(named(spans, 'attempt work')).toMatchObject({ status: 'unset', attributes: { 'mse.attempt.status': 'finished' } })
		expect(named(spans, 'run test').status).toBe('error')
	})

	test('whatever is under way when a run is cancelled ends with it, and is no error', async () => {
		await using world = runWorld({ workers: { work: hang } })
		const { run } = await world.launch(blueprintOf(step('work', lit(1), '$.out'), ['work']), { detach: true })
		await world.service.cancel(run.id, 'not needed any more')
		const spans = await spansOf(world, run.id)
		expect(shape(spans)).toEqual(['attempt work: unset', 'step work: unset', 'run test: unset'])
		expect(spans.map(({ attributes: a }) => a['mse.attempt.status'] ?? a['mse.step.status'] ?? a['mse.run.status'])).toEqual(
			Array(3).fill('cancelled'),
		)
	})

	test('lanes of a fan-out stand side by side below the root, and the losers of a race are no errors', async () => {
		const first = effect(async (attempt) => (attempt.prompt === 'a' ? pass('a') : hang.perform(attempt)))
		await using world = runWorld({ workers: { work: first } })
		const flow = fanout(['a', 'b', 'c'], 'race', step('work', path('$.item'), '$.out'), '$.all')
		const run = await ran(world, blueprintOf(flow, ['work']))
		const spans = await spansOf(world, run.id)
		const root = named(spans, 'run test')
		const steps = spans.filter(({ name }) => name === 'step work')
		expect(steps.map(({ status }) => status).sort()).toEqual(['ok', 'unset', 'unset'])
		expect(new Set(steps.map(({ parent }) => parent?.spanId))).toEqual(new Set([root.spanId]))
		expect(new Set(steps.map(({ attributes }) => attributes['mse.step.position'])).size).toBe(3)
	})

	test('a step that waits for an approval has a span for the wait', async () => {
		await using world = runWorld({ workers: { work: works } })
		const approved = blueprintOf(step('work', lit(1), '$.out'), ['work'], { metadata: { policy: { approve: 'before_spawn' } } })
		const { run, ended } = await world.launch(approved, { detach: true })
		const [asked] = await eventually(
			async () => {
				const waiting = await world.gate.list({ status: 'pending', after: 0, limit: 9 })
				return waiting.length > 0 && waiting
			},
			{ what: 'the approval' },
		)
		await world.gate.approve(Number(asked?.id), { names: ['ada'] })
		await ended
		const spans = await spansOf(world, run.id)
		expect(shape(spans)).toEqual(['approval step_spawn: ok', 'attempt work: unset', 'step work: ok', 'run test: ok'])
		expect(named(spans, 'approval step_spawn')).toMatchObject({
			parent: { spanId: named(spans, 'step work').spanId },
			attributes: { 'mse.approval.by': 'ada', 'mse.approval.status': 'approved', 'mse.approval.required': 1 },
		})
	})

	test('a question that its run takes along ends with it', async () => {
		await using world = runWorld({ workers: { work: works } })
		const approved = blueprintOf(step('work', lit(1), '$.out'), ['work'], { metadata: { policy: { approve: 'before_spawn' } } })
		const { run } = await world.launch(approved, { detach: true })
		const told = async () => (await eventsOf(world, run.id)).map(({ kind }) => kind)
		await eventually(async () => (await told()).includes('approval.requested'), { what: 'the approval' })
		await world.service.cancel(run.id, 'no')
		const spans = await spansOf(world, run.id)
		expect(named(spans, 'approval step_spawn').attributes['mse.approval.status']).toBe('failed')
		expect(spans.filter(({ name }) => name.startsWith('run '))).toHaveLength(1)
	})
})

describe('one trace and another', () => {
	test('a run in its next generation is a trace of its own, with a link to the one before', async () => {
		await using world = runWorld({ workers: { a: works, b: works } })
		const flow = seq(step('a', lit(1), '$.a'), step('b', lit(2), '$.b'))
		const run = await ran(world, blueprintOf(flow, ['a', 'b']), { traceparent: CALLER })
		await world.service.rerunFrom(run.id, { as: 'in_place', fromStep: 'b' })
		await world.service.wait(run.id, AbortSignal.timeout(5000))
		const spans = await spansOf(world, run.id)
		const roots = spans.filter(({ name }) => name === 'run test')
		expect(roots).toMatchObject([
			{ traceId: 'a'.repeat(32), attributes: { 'mse.run.generation': 1 }, links: [] },
			{
				parent: undefined,
				attributes: { 'mse.run.generation': 2, 'mse.blueprint.id': 'test', 'mse.run.rerun_from': '/1' },
				links: [{ traceId: 'a'.repeat(32), spanId: roots[0]?.spanId }],
			},
		])
		expect(spans.filter(({ traceId }) => traceId === roots[1]?.traceId).map(({ name }) => name)).toEqual([
			'attempt b',
			'step b',
			'run test',
		])
		expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length)
	})

	test('a rerun as a new run has a link to the earlier one, and no span for what it only repeats', async () => {
		await using world = runWorld({ workers: { a: works, b: works } })
		const flow = seq(step('a', lit(1), '$.a'), step('b', lit(2), '$.b'))
		const run = await ran(world, blueprintOf(flow, ['a', 'b']), { traceparent: CALLER })
		const again = await world.service.rerunFrom(run.id, { as: 'new_run', fromStep: 'b' })
		await world.service.wait(again.run.id, AbortSignal.timeout(5000))
		const spans = await spansOf(world, again.run.id)
		expect(spans.map(({ name }) => name)).toEqual(['attempt b', 'step b', 'run test'])
		expect(named(spans, 'run test')).toMatchObject({
			parent: undefined,
			attributes: { 'mse.run.rerun_of': run.id },
			links: [{ traceId: 'a'.repeat(32), spanId: rootOf(run, 1).spanId }],
		})
	})

	test('a run that its caller names a span for is a part of that trace', async () => {
		await using world = runWorld({ workers: { a: works } })
		const run = await ran(world, blueprintOf(step('a', lit(1), '$.a'), ['a']), { traceparent: CALLER })
		const spans = await spansOf(world, run.id)
		expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set(['a'.repeat(32)]))
		expect(named(spans, 'run test')).toMatchObject({ kind: 'server', parent: { spanId: 'b'.repeat(16), isRemote: true } })
	})

	test('what is no traceparent is as if there were none', async () => {
		await using world = runWorld({ workers: { a: works } })
		const broken = ['', 'x', `00-${'0'.repeat(32)}-${'b'.repeat(16)}-01`, CALLER.replace('00-', 'ff-'), CALLER.toUpperCase()]
		for (const traceparent of broken) {
			const run = await ran(world, blueprintOf(step('a', lit(1), '$.a'), ['a']), { traceparent })
			expect(run.options.traceparent).toBeUndefined()
			expect(named(await spansOf(world, run.id), 'run test').parent).toBeUndefined()
		}
	})

	test('a caller that does not sample is not sent, nor is what is not in the share', () => {
		const told = (data: Event['data']) => facts(['run.started', data], ['run.done', {}])
		expect(taken(told({ traceparent: CALLER.replace(/01$/, '00') }))).toEqual([])
		expect(taken(told({}), 0)).toEqual([])
		expect(taken(told({ traceparent: CALLER }), 0)).toHaveLength(1)
		const ids = Array.from({ length: 400 }, (_, n) => ({ id: `R-${n}`, generation: 1, options: {} }))
		const sampled = ids.filter((run) => rootOf(run, 0.25).isSampled).length
		expect(sampled).toBeGreaterThan(60)
		expect(sampled).toBeLessThan(140)
	})
})

describe('what spans say', () => {
	test('what a worker reports of its model and tokens is in the words of the GenAI conventions, on its attempt alone', () => {
		const spans = taken(
			facts(
				['run.started', { blueprint: 'b' }],
				['step.dispatched', { ref: 'ask', position: '/', attempt: 1, backend: 'llm' }, 'ST-1'],
				[
					'step.completed',
					{
						...{ ref: 'ask', position: '/', status: 'passed', attempt: 1, duration_ms: 9, worker_kind: 'agent_block' },
						...{ model: 'claude-x', provider: 'anthropic', cost_usd: 0.02, num_turns: 3, usage: { input_tokens: 12, output_tokens: 5 } },
					},
					'ST-1',
				],
				['run.done', {}],
			),
		)
		expect(named(spans, 'attempt ask')).toMatchObject({
			kind: 'client',
			attributes: {
				...{ 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'ask', 'gen_ai.provider.name': 'anthropic' },
				...{ 'gen_ai.response.model': 'claude-x', 'gen_ai.usage.input_tokens': 12, 'gen_ai.usage.output_tokens': 5 },
				...{ 'mse.worker.kind': 'agent_block', 'mse.worker.cost_usd': 0.02, 'mse.worker.turns': 3 },
			},
		})
		expect(Object.keys(named(spans, 'step ask').attributes).filter((key) => key.startsWith('gen_ai'))).toEqual([])
	})

	test('what an operator was asked, and that it waited, is told on the attempt', () => {
		const request = { req_id: 'Q-1', kind: 'spawn', attempt: 1 }
		const at = facts(
			['run.started', {}],
			['step.dispatched', { ref: 's', position: '/' }, 'ST-1'],
			['attempt.started', { ref: 's', attempt: 1, backend: 'operator' }, 'ST-1'],
			['request.parked', request, 'ST-1'],
			['request.sent', request, 'ST-1'],
			['attempt.reported', { attempt: 1, model: 'm' }, 'ST-1'],
			['request.answered', request, 'ST-1'],
			['attempt.ended', { attempt: 1, status: 'displaced', code: 'displaced', error: 'taken over' }, 'ST-1'],
		)
		const [attempt] = taken(at.map((event) => (event.kind === 'request.sent' ? { ...event, operator: 'S-1' } : event)))
		expect(attempt).toMatchObject({ name: 'attempt s', status: 'unset', message: undefined })
		expect(attempt?.attributes).toMatchObject({
			...{ 'mse.request.id': 'Q-1', 'mse.operator.id': 'S-1', 'mse.attempt.status': 'displaced', 'gen_ai.response.model': 'm' },
		})
		expect(attempt?.notes.map(({ name }) => name)).toEqual(['request.parked', 'request.sent', 'request.answered'])
	})

	test('an audit may end after its run did', () => {
		const spans = taken(
			facts(
				['run.started', {}],
				['step.dispatched', { ref: 'auditor', position: '/0/audit:auditor', attempt: 1, backend: 'llm' }, 'ST-2'],
				['run.done', {}],
				['step.completed', { ref: 'auditor', position: '/0/audit:auditor', status: 'passed', attempt: 1, duration_ms: 2000 }, 'ST-2'],
			),
		)
		expect(shape(spans)).toEqual(['run: ok', 'attempt auditor: unset', 'step auditor: ok'])
		expect(spans[2]?.attributes['mse.step.audit']).toBe(true)
	})

	test('a run that was interrupted and then run again ends its first trace there', () => {
		const spans = taken(
			facts(
				['run.started', { blueprint: 'b' }],
				['step.dispatched', { ref: 's', position: '/', attempt: 1, backend: 'lua' }, 'ST-1'],
				['run.interrupted', { code: 'crash_loop', message: 'died' }],
				['run.reopened', { generation: 2, from: '/', of_traceparent: CALLER }],
				['step.completed', { ref: 's', position: '/', status: 'passed', attempt: 2, duration_ms: 10 }, 'ST-1'],
				['run.failed', { code: 'run_ttl', reason: 'too late' }],
			),
		)
		expect(shape(spans)).toEqual(['attempt s: unset', 'step s: unset', 'run b: error', 'step s: ok', 'run b: error'])
		expect(spans[2]?.attributes['error.type']).toBe('interrupted')
		expect(spans[2]?.notes).toEqual([
			{ name: 'run.interrupted', at: 1_002_000, attributes: { 'mse.code': 'crash_loop', 'mse.message': 'died' } },
		])
		expect(spans[4]).toMatchObject({ message: 'too late', attributes: { 'error.type': 'run_ttl' }, links: [{ spanId: 'b'.repeat(16) }] })
		expect(spans[3]?.spanId).not.toBe(spans[1]?.spanId)
	})
})
