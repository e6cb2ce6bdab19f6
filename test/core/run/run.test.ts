import { describe, expect, test } from 'bun:test'
import type { Attempt, Completion, Worker } from '../../../src/core/dispatch/backend.ts'
import { MseError } from '../../../src/kernel/error.ts'
import type { Json } from '../../../src/kernel/json.ts'
import { assign, attempt, blueprintOf, fanout, lit, loop, path, seq, step } from '../../support/blueprints.ts'
import { eventually } from '../../support/eventually.ts'
import { fakeClock } from '../../support/fake-clock.ts'
import { runWorld } from '../../support/run-world.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { verifies } from '../../support/verifies.ts'

const pure = (fn: (prompt: Json) => Json): Worker => ({ pure: true, perform: ({ prompt }) => ({ final: { value: fn(prompt), ok: true } }) })
const effect = (perform: (attempt: Attempt) => Promise<Completion>): Worker => ({ pure: false, perform })
const pass = (value: Json): Completion => ({ final: { value, ok: true } })

/** Never answers by itself; ends with the signal's reason. */
const hang: Worker = effect(
	({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true })),
)

describe('a run', () => {
	test('of pure steps ends with the ctx its flow computes, journalled step by step', async () => {
		verifies('03.Blueprint.flow', '03.AgentDef.name', '01.C98', '04.29', '04.30')
		await using world = runWorld({ workers: { inc: pure((n) => Number(n) + 1) } })
		const flow = seq(step('inc', lit(1), '$.a'), step('inc', path('$.a'), '$.b'))
		const launched = await world.launch(blueprintOf(flow, ['inc']))
		const ended = await launched.ended
		expect([ended.status, ended.result]).toEqual(['done', { a: 2, b: 3 }])
		const steps = await world.runs.steps(ended.id)
		expect(steps.map(({ position, status, value }) => [position, status, value])).toEqual([
			['/0', 'passed', 2],
			['/1', 'passed', 3],
		])
		expect(await kinds(world.events)).toEqual(['run.started', 'step.completed', 'step.completed', 'run.done'])
	})

	test('of pure steps is one transaction from launch to end', async () => {
		await using world = runWorld({ workers: { inc: pure((n) => Number(n) + 1) } })
		const commitsOfRun = async (): Promise<number> => {
			let commits = 0
			const stop = world.db.onCommit(() => commits++)
			await (await world.launch(blueprintOf(step('inc', lit(1), '$.a'), ['inc']))).ended
			stop()
			return commits
		}
		// A batch closes after some milliseconds, so on a busy machine a run may be cut in two.
		const commits: number[] = []
		while (!commits.includes(1) && commits.length < 10) commits.push(await commitsOfRun())
		expect(commits).toContain(1)
	})

	test('starts an effect only after its step is on disk', async () => {
		const seen: Json[] = []
		await using world = runWorld({
			workers: {
				look: effect(async ({ stepId }) => {
					const step = await world.runs.step(stepId)
					seen.push(step && [step.status, step.attempt])
					return pass(1)
				}),
			},
		})
		await (await world.launch(blueprintOf(step('look', lit(1), '$.a'), ['look']))).ended
		expect(seen).toEqual([['running', 1]])
		expect(await kinds(world.events)).toEqual(['run.started', 'step.dispatched', 'step.completed', 'run.done'])
	})

	test('fails with the structured envelope when a step is blocked', async () => {
		verifies('01.C98', '04.34', '06.22')
		await using world = runWorld({ workers: { gate: { pure: true, perform: () => ({ final: { value: 'NO', ok: false } }) } } })
		const ended = await (await world.launch(blueprintOf(step('gate', lit(1), '$.a'), ['gate']))).ended
		expect(ended.status).toBe('failed')
		expect(ended.result).toMatchObject({
			error: {
				message: 'flow eval: dispatcher error for ref \'gate\': blocked: "NO"',
				code: 'step_blocked',
				failed_step: 'gate',
				verdict_value: 'NO',
			},
			partial_ctx: { steps: {} },
		})
		const [entry] = Object.values((ended.result as { partial_ctx: { steps: object } }).partial_ctx.steps)
		expect(entry).toMatchObject({ step_ref: 'gate', status: 'blocked', binding_digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) })
	})

	test('lets its flow catch what a worker throws', async () => {
		await using world = runWorld({ workers: { boom: effect(() => Promise.reject(new Error('boom'))) } })
		const flow = attempt(step('boom', lit(1), '$.a'), seq(), '$.why')
		const ended = await (await world.launch(blueprintOf(flow, ['boom']))).ended
		expect(ended.result).toEqual({
			why: "dispatcher error for ref 'boom': dispatch_attempt: dispatch failed: worker fn returned error: boom",
		})
	})

	test('fails with what a worker throws where nobody catches it', async () => {
		verifies('04.32')
		await using world = runWorld({ workers: { boom: effect(() => Promise.reject(new Error('boom'))) } })
		const ended = await (await world.launch(blueprintOf(step('boom', lit(1), '$.a'), ['boom']))).ended
		const message = "flow eval: dispatcher error for ref 'boom': dispatch_attempt: dispatch failed: worker fn returned error: boom"
		expect([ended.status, ended.result]).toMatchObject(['failed', { error: { message, failed_step: 'boom' } }])
	})

	test('fails when a worker ends without a Final', async () => {
		verifies('04.35')
		await using world = runWorld({ workers: { mute: effect(async () => ({})) } })
		const ended = await (await world.launch(blueprintOf(step('mute', lit(1), '$.a'), ['mute']))).ended
		expect([ended.status, ended.result]).toMatchObject([
			'failed',
			{ error: { message: expect.stringContaining('no Final in output_tail') } },
		])
	})

	test('goes on past a step that was skipped, whose out stays unwritten', async () => {
		verifies('04.68', '06.21')
		const skips: Worker = { pure: true, perform: () => ({ final: { value: { __mse_skip: true, value: 'nothing to do' }, ok: true } }) }
		await using world = runWorld({ workers: { skips, inc: pure((n) => Number(n) + 1) } })
		const flow = seq(step('skips', lit(1), '$.a'), step('inc', lit(1), '$.b'))
		const ended = await (await world.launch(blueprintOf(flow, ['skips', 'inc']))).ended
		expect([ended.status, ended.result]).toEqual(['done', { b: 2 }])
		expect((await world.runs.steps(ended.id)).map(({ status, value }) => [status, value])).toEqual([
			['skipped', 'nothing to do'],
			['passed', 2],
		])
	})

	test('fails at a step whose agent nobody works for, with its name', async () => {
		verifies('03.CompilerStrategy.strict_refs', '04.38')
		await using world = runWorld({ workers: {} })
		const blueprint = { ...blueprintOf(step('ghost', lit(1), '$.a'), []), strategy: { strict_refs: false } }
		const ended = await (await world.launch(blueprint)).ended
		expect([ended.status, ended.result]).toMatchObject([
			'failed',
			{ error: { message: expect.stringContaining('worker not registered: ghost') } },
		])
	})

	test('has its own workers: another Blueprint at the same time, with the same names, changes nothing', async () => {
		verifies('04.37')
		const both = Promise.withResolvers<void>()
		let begun = 0
		const named = (name: string): Worker =>
			effect(async () => {
				if (++begun === 2) both.resolve()
				await both.promise
				return pass(name)
			})
		await using world = runWorld({ workers: { one: named('one'), two: named('two') } })
		const using = (fn_id: string) => ({
			...{ id: `of-${fn_id}`, flow: step('worker', lit(1), '$.by') },
			agents: [{ name: 'worker', kind: 'rust_fn', spec: { fn_id } }],
		})
		const launched = await Promise.all(['one', 'two'].map((name) => world.launch(using(name), { detach: true })))
		const ended = await Promise.all(launched.map(({ ended: end }) => end))
		expect(ended.map(({ result }) => result)).toEqual([{ by: 'one' }, { by: 'two' }])
	})

	test('whose driver breaks is interrupted and can be resumed; one that somebody ended meanwhile stays as it ended', async () => {
		verifies('01.C95')
		for (const meanwhile of ['nothing', 'cancelled'] as const) {
			await using world = runWorld({ workers: { inc: pure((n) => Number(n) + 1) } })
			const { changeStatus } = world.runs
			world.runs.changeStatus = async (id, change) => {
				if (change.to !== 'done') return changeStatus.call(world.runs, id, change)
				if (meanwhile === 'cancelled') await changeStatus.call(world.runs, id, { from: ['running'], to: 'cancelled', events: [] })
				throw new TypeError('a defect')
			}
			const launched = await world.launch(blueprintOf(step('inc', lit(1), '$.a'), ['inc']), { detach: true })
			const status = meanwhile === 'nothing' ? 'interrupted' : 'cancelled'
			await eventually(async () => (await world.runs.run(launched.run.id))?.status === status, { what: `the run is ${status}` })
			await launched.ended.catch(() => {})
			expect((await world.runs.run(launched.run.id))?.status).toBe(status)
			if (meanwhile === 'cancelled') continue
			world.runs.changeStatus = changeStatus
			await world.service.resume(launched.run.id)
			expect((await world.service.wait(launched.run.id, AbortSignal.timeout(20_000))).result).toEqual({ a: 2 })
		}
	})

	test('an attempt that outlives its timeout fails with code attempt_timeout', async () => {
		verifies('03.Policy.timeout_ms')
		const clock = fakeClock()
		await using world = runWorld({ workers: { hang }, clock })
		const agents = [{ name: 'hang', kind: 'rust_fn', spec: { fn_id: 'hang' }, policy: { timeout_ms: 50 } }]
		const launched = await world.launch({ id: 'test', flow: step('hang', lit(1), '$.a'), agents })
		await eventually(async () => (await kinds(world.events)).includes('step.dispatched'), { what: 'the attempt' })
		await clock.advance(60)
		expect((await launched.ended).result).toMatchObject({ error: { code: 'attempt_timeout' } })
	})
})

describe('a ctx over limits.ctx_bytes', () => {
	const doubled = Array.from({ length: 40 }, () => seq(assign('$.a', path('$.b')), assign('$.c', path('$')), assign('$.b', path('$.c'))))
	const double = seq(...doubled)

	test('as the input of a step fails that step, which the flow may catch', async () => {
		await using world = runWorld({ workers: { echo: pure((value) => value) }, limits: { ctxBytes: 100 } })
		const flow = attempt(step('echo', lit('x'.repeat(200)), '$.a'), seq(), '$.why')
		const ended = await (await world.launch(blueprintOf(flow, ['echo']))).ended
		expect(JSON.stringify(ended.result)).toContain('limits.ctx_bytes (100)')
	})

	test('at the end fails the run, even where little memory stands for text without end', async () => {
		await using world = runWorld({ workers: {} })
		const ended = await (await world.launch(blueprintOf(double, []), { initCtx: { a: 'x', b: 'x' } })).ended
		expect(ended.result).toMatchObject({ error: { code: 'limit_exceeded' } })
	})
})

describe('cancel', () => {
	test('really stops the work, is final, and says so once', async () => {
		verifies('04.27')
		await using world = runWorld({ workers: { hang } })
		const launched = await world.launch(blueprintOf(step('hang', lit(1), '$.a'), ['hang']), { detach: true })
		expect(await world.service.cancel(launched.run.id, 'asked to')).toBe(true)
		const ended = await launched.ended
		expect(ended.status).toBe('cancelled')
		expect(await world.service.cancel(launched.run.id, 'again')).toBe(false)
		expect((await world.runs.steps(ended.id)).map(({ status }) => status)).toEqual(['cancelled'])
		expect((await kinds(world.events)).filter((kind) => kind.startsWith('run.'))).toEqual([
			'run.started',
			'run.cancel_requested',
			'run.cancelled',
			'run.cancel_requested',
		])
	})

	test('of an unknown run is not_found', async () => {
		await using world = runWorld({ workers: {} })
		const cancelled = world.service.cancel('R-nobody' as never, 'x')
		expect(await cancelled.catch((error: MseError) => error.kind)).toBe('not_found')
	})
})

describe('a synchronous launch', () => {
	test('that reaches its ceiling fails the run and is timed_out, naming the seconds', async () => {
		const clock = fakeClock()
		await using world = runWorld({ workers: { hang }, clock })
		const launched = await world.launch(blueprintOf(step('hang', lit(1), '$.a'), ['hang']), { timeoutSecs: 2 })
		await clock.advance(2000)
		const error = await launched.ended.then(
			() => null,
			(thrown: unknown) => thrown,
		)
		expect(error).toBeInstanceOf(MseError)
		expect(error).toMatchObject({ kind: 'timed_out', code: 'sync_ceiling' })
		expect(String(error)).toContain('2 s')
		expect((await world.runs.run(launched.run.id))?.status).toBe('failed')
	})
})

describe('a detached run with a ttl', () => {
	test('fails with run_ttl once so much was worked on it', async () => {
		verifies('01.C98')
		const clock = fakeClock()
		await using world = runWorld({ workers: { hang }, clock })
		const launched = await world.launch(blueprintOf(step('hang', lit(1), '$.a'), ['hang']), { detach: true, ttlSecs: 5 })
		await started(world, 1)
		await clock.advance(4999)
		expect((await world.runs.run(launched.run.id))?.status).toBe('running')
		await clock.advance(1)
		expect((await launched.ended).result).toEqual({
			error: { message: expect.stringContaining('5 s'), code: 'run_ttl', failed_step: null, verdict_value: null },
			partial_ctx: null,
		})
	})
})

describe('after the process died', () => {
	test('an unfinished run goes on, and a recorded step is not performed again', async () => {
		using dir = tempDir()
		const performed: string[] = []
		let dying = true
		const workers = {
			once: effect(async ({ prompt }) => {
				performed.push(`once ${prompt}`)
				return pass(prompt)
			}),
			late: effect((it) => {
				performed.push(`late ${it.n}`)
				return dying ? (hang.perform(it) as Promise<Completion>) : Promise.resolve(pass('ok'))
			}),
		}
		const flow = seq(loop(3, step('once', path('$.n'), '$.last')), step('late', lit('x'), '$.late'))
		const first = runWorld({ workers, dir: dir.path })
		const launched = await first.launch(blueprintOf(flow, ['once', 'late']), { detach: true })
		await eventually(() => performed.includes('late 1'), { what: 'the last step' })
		first.kill()

		dying = false
		await using second = runWorld({ workers, dir: dir.path })
		expect(await second.supervisor.recover()).toBe(1)
		const ended = await second.service.wait(launched.run.id, AbortSignal.timeout(20_000))
		expect([ended.status, ended.result]).toEqual(['done', { n: 3, last: 2, late: 'ok' }])
		expect(performed).toEqual(['once 0', 'once 1', 'once 2', 'late 1', 'late 2'])
		expect(await kinds(second.events)).toContain('run.recovered')
	})

	test('a race keeps the lane that had won', async () => {
		using dir = tempDir()
		let answer: ((value: Completion) => void) | undefined
		let dying = true
		const workers = {
			lane: effect((it) => (it.prompt === 1 ? Promise.resolve(pass('second lane')) : (hang.perform(it) as Promise<Completion>))),
			late: effect((it) => {
				if (!dying) return Promise.resolve(pass('ok'))
				answer?.(pass(null))
				return hang.perform(it) as Promise<Completion>
			}),
		}
		const flow = seq(fanout([0, 1, 2], 'race', step('lane', path('$.item'), '$.won'), '$.race'), step('late', lit(1), '$.late'))
		const first = runWorld({ workers, dir: dir.path })
		const reached = new Promise<Completion>((resolve) => {
			answer = resolve
		})
		const launched = await first.launch(blueprintOf(flow, ['lane', 'late']), { detach: true })
		await reached
		first.kill()

		dying = false
		await using second = runWorld({ workers: { ...workers, lane: hang }, dir: dir.path })
		await second.supervisor.recover()
		const ended = await second.service.wait(launched.run.id, AbortSignal.timeout(20_000))
		expect(ended.result).toEqual({ race: { item: 1, won: 'second lane' }, late: 'ok' })
		const steps = await second.runs.steps(ended.id)
		expect(steps.map(({ position, status }) => [position, status]).sort()).toEqual([
			['/0/lane[0]', 'cancelled'],
			['/0/lane[1]', 'passed'],
			['/0/lane[2]', 'cancelled'],
			['/1', 'passed'],
		])
	})

	test('three deaths during one attempt leave the run interrupted with code crash_loop, and resume takes it up', async () => {
		using dir = tempDir()
		const flow = step('hang', lit(1), '$.a')
		const first = runWorld({ workers: { hang }, dir: dir.path })
		const launched = await first.launch(blueprintOf(flow, ['hang']), { detach: true })
		await started(first, 1)
		first.kill()
		for (const n of [2, 3]) {
			const next = runWorld({ workers: { hang }, dir: dir.path })
			await next.supervisor.recover()
			await started(next, n)
			next.kill()
		}
		await using last = runWorld({ workers: { hang: pure(() => 'fine') }, dir: dir.path })
		await last.supervisor.recover()
		await eventually(async () => (await last.runs.run(launched.run.id))?.status === 'interrupted', { what: 'the crash loop' })
		expect((await last.runs.run(launched.run.id))?.result).toMatchObject({ error: { code: 'crash_loop' } })
		await last.service.resume(launched.run.id)
		const ended = await last.service.wait(launched.run.id, AbortSignal.timeout(20_000))
		expect([ended.status, ended.result]).toEqual(['done', { a: 'fine' }])
	})

	test('a death after an attempt was at work for long does not count, nor do those before', async () => {
		using dir = tempDir()
		let clock = fakeClock()
		const worldOf = () => {
			clock = fakeClock()
			return runWorld({ workers: { hang }, dir: dir.path, clock })
		}
		const first = worldOf()
		const launched = await first.launch(blueprintOf(step('hang', lit(1), '$.a'), ['hang']), { detach: true })
		await started(first, 1)
		first.kill()
		for (let n = 2; n <= 6; n++) {
			const next = worldOf()
			await next.supervisor.recover()
			await started(next, n)
			if (n % 2 === 0) {
				await clock.advance(300_000)
				const blamed = () => next.db.query<{ n: number }>('SELECT count(*) AS n FROM attempt WHERE blamed').get()?.n
				await eventually(() => blamed() === 0, { what: 'the attempt is proven' })
			}
			next.kill()
		}
		await using last = worldOf()
		await last.supervisor.recover()
		await started(last, 7)
		expect((await last.runs.run(launched.run.id))?.status).toBe('running')
	})

	test('a death while an attempt only stands in line does not count', async () => {
		using dir = tempDir()
		const inLine: Worker = {
			pure: false,
			perform(attempt) {
				attempt.working(false)
				return hang.perform(attempt)
			},
		}
		const worldOf = () => runWorld({ workers: { hang: inLine }, dir: dir.path })
		const first = worldOf()
		const launched = await first.launch(blueprintOf(step('hang', lit(1), '$.a'), ['hang']), { detach: true })
		let life = first
		for (let n = 1; n <= 5; n++) {
			await started(life, n)
			const spared = () => life.db.query('SELECT 1 FROM attempt WHERE n = ? AND blamed = 0').get(n) !== null
			await eventually(spared, { what: 'it stands in line' })
			life.kill()
			life = worldOf()
			await life.supervisor.recover()
		}
		await using last = life
		await started(last, 6)
		expect((await last.runs.run(launched.run.id))?.status).toBe('running')
	})

	test('a stop in good order does not count as a death', async () => {
		using dir = tempDir()
		const first = runWorld({ workers: { hang }, dir: dir.path })
		const launched = await first.launch(blueprintOf(step('hang', lit(1), '$.a'), ['hang']), { detach: true })
		await started(first, 1)
		await first[Symbol.asyncDispose]()
		for (let restart = 0; restart < 4; restart++) {
			const next = runWorld({ workers: { hang }, dir: dir.path })
			await next.supervisor.recover()
			await started(next, restart + 2)
			await next[Symbol.asyncDispose]()
		}
		await using last = runWorld({ workers: { hang }, dir: dir.path })
		expect((await last.runs.run(launched.run.id))?.status).toBe('running')
	})
})

async function kinds(log: { read(after: number, filter: object, limit: number): Promise<readonly { kind: string }[]> }): Promise<string[]> {
	return (await log.read(0, {}, 1000)).map(({ kind }) => kind)
}

async function started(world: ReturnType<typeof runWorld>, n: number): Promise<void> {
	const newest = () => world.db.query<{ n: number | null }>("SELECT max(attempt) AS n FROM step WHERE status = 'running'").get()?.n
	await eventually(() => newest() === n, { what: `attempt ${n}` })
}
