import { describe, expect, test } from 'bun:test'
import type { Attempt } from '../../../../src/core/dispatch/backend.ts'
import { Stop } from '../../../../src/core/dispatch/stop.ts'
import { steerMany } from '../../../../src/core/run/steer/steer-many.ts'
import type { MseError } from '../../../../src/kernel/error.ts'
import type { RunId } from '../../../../src/kernel/id.ts'
import { attempt, blueprintOf, lit, path, seq, step } from '../../../support/blueprints.ts'
import { eventually } from '../../../support/eventually.ts'
import { fakeClock } from '../../../support/fake-clock.ts'
import { type RunWorld, runWorld } from '../../../support/run-world.ts'
import { tempDir } from '../../../support/temp-dir.ts'
import { departs, verifies } from '../../../support/verifies.ts'
import { effect, gated, hang, pass, pure } from '../../../support/workers.ts'

const ended = (world: RunWorld, runId: RunId) => world.service.wait(runId, AbortSignal.timeout(20_000))
const refusal = (work: Promise<unknown>) => work.then(String, (error: MseError) => [error.kind, error.code])
const begun = (worker: { prompts: readonly unknown[] }, count = 1) =>
	eventually(() => worker.prompts.length >= count, { what: 'the step began' })
const twoSteps = blueprintOf(seq(step('one', lit(1), '$.a'), step('two', path('$.a'), '$.b')), ['one', 'two'])

describe('a paused run', () => {
	test('lets what is in flight end, begins nothing new, and goes on when resumed', async () => {
		departs('01.C105', '04.78')
		const [one, two] = [gated(), gated()]
		await using world = runWorld({ workers: { one, two } })
		const { run } = await world.launch(twoSteps, { detach: true })
		await begun(one)
		await world.service.pause(run.id)
		one.release()
		await eventually(async () => (await world.runs.steps(run.id))[0]?.status === 'passed', { what: 'the first step' })
		expect(two.prompts).toEqual([])
		const paused = await world.runs.run(run.id)
		expect([paused?.status, paused?.phase, world.service.phaseOf(run)]).toEqual(['running', 'paused', 'paused'])
		await world.service.pause(run.id)
		two.release()
		expect((await world.service.resume(run.id)).replayedSteps).toBe(1)
		expect((await ended(world, run.id)).result).toEqual({ a: 1, b: 1 })
	})

	test('stays paused over a restart', async () => {
		using dir = tempDir()
		const first = runWorld({ workers: { one: hang, two: hang }, dir: dir.path })
		const { run } = await first.launch(twoSteps, { detach: true })
		await first.service.pause(run.id)
		first.kill()
		const [one, two] = [gated(), gated()]
		one.release()
		two.release()
		await using second = runWorld({ workers: { one, two }, dir: dir.path })
		await second.supervisor.recover()
		expect(second.service.phaseOf(run)).toBe('paused')
		expect(one.prompts).toEqual([])
		await second.service.resume(run.id)
		expect((await ended(second, run.id)).status).toBe('done')
	})

	test('can be cancelled', async () => {
		await using world = runWorld({ workers: { one: hang, two: hang } })
		const { run } = await world.launch(twoSteps, { detach: true })
		await world.service.pause(run.id)
		await world.service.cancel(run.id, 'enough')
		expect((await ended(world, run.id)).status).toBe('cancelled')
		expect(await refusal(world.service.pause(run.id))).toEqual(['conflict', 'not_pausable'])
		expect(await refusal(world.service.resume(run.id))).toEqual(['conflict', 'not_resumable'])
	})

	test('does not use up its time to live', async () => {
		const clock = fakeClock()
		const one = gated()
		await using world = runWorld({ workers: { one, two: hang }, clock })
		const { run } = await world.launch(twoSteps, { detach: true, ttlSecs: 5 })
		await begun(one)
		await clock.advance(3000)
		await world.service.pause(run.id)
		await clock.advance(60_000)
		await world.service.resume(run.id)
		await clock.advance(1999)
		expect((await world.runs.run(run.id))?.status).toBe('running')
		await clock.advance(1)
		expect((await ended(world, run.id)).result).toMatchObject({ error: { code: 'run_ttl' } })
	})
})

describe('a cancelled step', () => {
	const caught = blueprintOf(attempt(step('one', lit(1), '$.a'), step('two', lit('went on'), '$.b'), '$.why'), ['one', 'two'])

	test('fails with code cancelled, which its flow may catch', async () => {
		const one = gated()
		await using world = runWorld({ workers: { one, two: pure((it) => it) } })
		const { run } = await world.launch(caught, { detach: true })
		await begun(one)
		const [inFlight] = await world.runs.steps(run.id)
		const stepId = inFlight?.stepId ?? ('' as never)
		await world.service.cancelStep(stepId, 'not that one')
		expect(await world.runs.step(stepId)).toMatchObject({ status: 'cancelled', failure: { code: 'cancelled' } })
		expect(await ended(world, run.id)).toMatchObject({
			status: 'done',
			result: { b: 'went on', why: expect.stringContaining('not that one') },
		})
		expect(await refusal(world.service.cancelStep(stepId, 'again'))).toEqual(['conflict', 'step_not_in_flight'])
		expect(await refusal(world.service.cancelStep('ST-0' as never, 'x'))).toEqual(['not_found', 'unknown_step'])
	})

	test.each([
		{ what: 'an attempt that can be gone on with', canResume: true },
		{ what: 'an attempt that died with the server', canResume: false },
	])('is cancelled at once in a run that was paused before a restart: $what', async ({ canResume }) => {
		using dir = tempDir()
		const worker = canResume ? { ...hang, resume: async (attempt: Attempt) => hang.perform(attempt) } : hang
		const first = runWorld({ workers: { one: worker, two: hang }, dir: dir.path })
		const { run } = await first.launch(twoSteps, { detach: true })
		const [inFlight] = await eventually(async () => (await first.runs.steps(run.id)).slice(0, 1), { what: 'the step is on disk' })
		await first.service.pause(run.id)
		first.kill()
		const again = gated()
		await using second = runWorld({ workers: { one: canResume ? worker : again, two: hang }, dir: dir.path })
		await second.supervisor.recover()
		await second.service.cancelStep(inFlight?.stepId ?? ('' as never), 'not any more')
		expect(await second.runs.step(inFlight?.stepId ?? ('' as never))).toMatchObject({ status: 'cancelled' })
		expect(again.prompts).toEqual([])
	})

	test('that nobody catches fails the run with that code', async () => {
		const one = gated()
		await using world = runWorld({ workers: { one, two: hang } })
		const { run } = await world.launch(twoSteps, { detach: true })
		await begun(one)
		await world.service.cancelStep((await world.runs.steps(run.id))[0]?.stepId ?? ('' as never), 'no')
		expect(await ended(world, run.id)).toMatchObject({ status: 'failed', result: { error: { code: 'cancelled', failed_step: 'one' } } })
	})
})

test('an attempt whose seat moved is followed by another, which no retry counts', async () => {
	verifies('04.28')
	const told: unknown[] = []
	const moving = effect(async ({ n, prompt }) => {
		told.push([n, prompt])
		return n < 4 ? Promise.reject(new Stop('displaced', 'the seat moved')) : pass(n)
	})
	await using world = runWorld({ workers: { moving } })
	const { run } = await world.launch(blueprintOf(step('moving', lit(1), '$.a'), ['moving']))
	expect((await ended(world, run.id)).result).toEqual({ a: 4 })
	expect(told).toEqual([1, 2, 3, 4].map((n) => [n, 1]))
	const rows = world.db.query<{ status: string }>('SELECT status FROM attempt ORDER BY n').all()
	expect(rows.map(({ status }) => status).slice(0, 3)).toEqual(['displaced', 'displaced', 'displaced'])
})

describe('another run of a task', () => {
	const echo = blueprintOf(step('echo', path('$'), '$.seen'), ['echo'], { default_init_ctx: { base: 1, who: 'default' } })
	const workers = { echo: pure((it) => it) }

	test('uses the stored context, with overrides that leave the task alone', async () => {
		verifies('01.C96', '04.90', '06.16')
		await using world = runWorld({ workers })
		const { task } = await world.launch(echo, { initCtx: { who: 'task', x: 1 }, taskInput: { project_root: '/p', work_dir: '/w' } })
		const plain = await world.service.kick(task.id, { detach: false })
		expect((await plain.ended).result).toMatchObject({ seen: { base: 1, who: 'task', x: 1 } })
		const over = await world.service.kick(task.id, { detach: false, initCtx: { x: 2 }, taskInput: { work_dir: '/other' } })
		expect((await over.ended).result).toMatchObject({ seen: { base: 1, who: 'task', x: 2 } })
		expect(over.run.initCtx).toEqual({ base: 1, who: 'task', x: 2 })
		expect(over.run.options.taskInput).toEqual({ project_root: '/p', work_dir: '/other' })
		expect(await world.runs.task(task.id)).toEqual(task)
		expect(await world.runs.runsOfTask(task.id)).toHaveLength(3)
		expect(await refusal(world.service.kick('T-0' as never, { detach: true }))).toEqual(['not_found', 'unknown_task'])
	})

	test('a context that is no object takes the place of all below it', async () => {
		verifies('04.90')
		await using world = runWorld({ workers })
		const { run, task } = await world.launch(echo, { initCtx: ['of the task'], detach: true })
		expect(run.initCtx).toEqual(['of the task'])
		const over = await world.service.kick(task.id, { detach: true, initCtx: 'of the run' })
		expect(over.run.initCtx).toBe('of the run')
		const keyed = await world.launch(echo, { initCtx: { who: 'task' }, detach: true })
		expect(keyed.run.initCtx).toEqual({ base: 1, who: 'task' })
	})

	test('keeps time to live, check policy and operator kinds of the launch, unless it says otherwise', async () => {
		await using world = runWorld({ workers })
		const asked = { ttlSecs: 77, checkPolicy: 'silent', operator: { kind: 'composite', perAgentKinds: { echo: 'automate' } } } as const
		const { task } = await world.launch(echo, { ...asked, detach: true })
		const same = await world.service.kick(task.id, { detach: true })
		expect([same.ttl, same.run.options.checkPolicy, same.run.options.operator]).toEqual([
			{ secs: 77, source: 'request_body' },
			'silent',
			asked.operator,
		])
		const other = await world.service.kick(task.id, { detach: true, ttlSecs: 5, operator: { kind: 'main_ai' } })
		expect([other.ttl.secs, other.run.options.operator?.kind]).toEqual([5, 'main_ai'])
	})

	test('with an unknown operator is refused before anything is written', async () => {
		verifies('01.C97')
		await using world = runWorld({ workers })
		const { task } = await world.launch(echo)
		const unknown = world.service.kick(task.id, { detach: true, operator: { sid: 'S-nobody' } })
		expect(await refusal(unknown)).toEqual(['malformed', 'unknown_operator'])
		expect(await world.runs.runsOfTask(task.id)).toHaveLength(1)
	})
})

describe('many runs at once', () => {
	test('are paused, resumed and cancelled by what they have in common; others are left alone', async () => {
		await using world = runWorld({ workers: { one: hang, two: hang } })
		const of = async (id: string) => (await world.launch({ ...twoSteps, id }, { detach: true })).run.id
		const [a, b, other] = [await of('ours'), await of('ours'), await of('other')]
		const phases = async () => Promise.all([a, b, other].map(async (id) => (await world.runs.run(id))?.phase))
		const steer = (verb: 'pause' | 'resume' | 'cancel', filter: object) => steerMany(world, verb, filter, 'all of you')
		expect([...(await steer('pause', { blueprintId: 'ours' })).changed].sort()).toEqual([a, b].sort())
		expect(await phases()).toEqual(['paused', 'paused', 'running'])
		expect((await steer('pause', {})).changed).toEqual([other])
		expect((await steer('resume', { runIds: [a, 'R-0' as RunId] })).changed).toEqual([a])
		expect((await steer('cancel', { status: 'running' })).changed).toHaveLength(3)
		expect(await world.runs.countByStatus('cancelled')).toBe(3)
		expect((await steer('cancel', {})).changed).toEqual([])
	})
})
