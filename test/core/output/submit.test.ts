import { describe, expect, test } from 'bun:test'
import { departs, verifies } from '../../support/verifies.ts'
import { bytes, refusal, type Started, WorkerWorld } from './support.ts'

const inline = (value: unknown, ok = true) => ({ type: 'final', content: { kind: 'inline', value }, ok })

describe('submit', () => {
	test('a raw body is kept as text without the blanks at its end', async () => {
		verifies('04.53', '06.34')
		using world = new WorkerWorld()
		const started = await world.start()
		await world.face.submit(started.handle, {}, bytes('  a\nb \r\n\n'))
		await world.face.submit(started.token, { ok: 'false' }, bytes('BLOCKED\n'))
		expect(await world.tailOf(started)).toMatchObject([inline('  a\nb'), inline('BLOCKED', false)])
		expect(world.finals).toEqual([`${started.stepId}#1`, `${started.stepId}#1`])
	})

	test('bytes that are not UTF-8 become replacement characters and a byte order mark stays', async () => {
		using world = new WorkerWorld()
		const started = await world.start()
		await world.face.submit(started.handle, {}, Uint8Array.from([0xef, 0xbb, 0xbf, 0x61, 0xff, 0x62]))
		expect(await world.tailOf(started)).toMatchObject([inline('\ufeffa\ufffdb')])
	})

	test('each accepted thing is an event with sizes and never the body', async () => {
		using world = new WorkerWorld()
		const { handle } = await world.start()
		await world.face.artifact(handle, 'plan', bytes('secret body'))
		await world.face.degradation(handle, { tool: 't', error: 'e', fallback: 'f' })
		await world.face.stats(handle, { model: 'm' })
		await world.face.submit(handle, {}, bytes('secret body'))
		expect(world.eventKinds().slice(-4)).toEqual(['attempt.emitted', 'attempt.degraded', 'attempt.reported', 'attempt.submitted'])
		const data = world.db.query<{ data: string; run_id: string; task_id: string }>('SELECT * FROM event ORDER BY seq DESC').all()
		expect(JSON.parse(data[0]?.data ?? '')).toEqual({ attempt: 1, ok: true, bytes: 11 })
		expect(data.some((row) => row.data.includes('secret'))).toBe(false)
		expect(data.every((row) => row.run_id && row.task_id)).toBe(true)
	})

	test('verdict and ok have to agree', async () => {
		verifies('04.57', '01.C111')
		using world = new WorkerWorld()
		const started = await world.start()
		const submit = (query: { ok?: string; verdict?: string }) => world.face.submit(started.handle, query, bytes('x'))
		for (const query of [
			{ verdict: 'pass', ok: 'false' },
			{ verdict: 'blocked', ok: 'true' },
			{ verdict: 'skip', ok: 'false' },
		])
			expect(await refusal(submit(query))).toMatchObject({ kind: 'malformed', message: expect.stringContaining('conflicting signal') })
		const unknown = await refusal(submit({ verdict: 'maybe' }))
		expect(unknown).toMatchObject({ kind: 'malformed', message: expect.stringContaining('pass, blocked, skip') })
		expect((await refusal(submit({ ok: 'yes' }))).kind).toBe('malformed')
		await submit({ verdict: 'pass' })
		await submit({ verdict: 'blocked', ok: 'false' })
		await submit({ verdict: 'skip' })
		const skipped = { __mse_skip: true, value: 'x' }
		expect(await world.tailOf(started)).toMatchObject([inline('x'), inline('x', false), inline(skipped)])
	})

	test('a declared JSON body is kept as structure or is 422 with its beginning', async () => {
		verifies('04.58', '01.C116')
		using world = new WorkerWorld()
		const json = await world.start({ context: { extra: { submit_format: 'json' } } })
		await world.face.submit(json.handle, {}, bytes('[1, "a"]\n'))
		await world.face.submit(json.handle, {}, bytes('42'))
		const refused = await refusal(world.face.submit(json.handle, {}, bytes(`no ${'x'.repeat(200)}`)))
		expect(refused).toMatchObject({ kind: 'invalid', code: 'submit_not_json' })
		expect(refused.message).toEndWith(`: no ${'x'.repeat(77)}`)
		expect(await world.tailOf(json)).toMatchObject([inline([1, 'a']), inline(42)])
		const other = await world.start({ context: { extra: { submit_format: 'yaml' } } })
		await world.face.submit(other.handle, {}, bytes('{"a":1}'))
		expect(await world.tailOf(other)).toMatchObject([inline('{"a":1}')])
	})

	test('a result takes any JSON value, for its own step and attempt only', async () => {
		verifies('04.56', '06.35')
		using world = new WorkerWorld()
		const started = await world.start()
		const other = await world.start()
		await world.face.result(started.token, { task_id: started.stepId, value: { a: null } })
		await world.face.result(started.handle, { task_id: started.stepId, value: null, ok: false, attempt: 1 })
		expect(await world.tailOf(started)).toMatchObject([inline({ a: null }), inline(null, false)])
		const send = (request: { task_id: string; attempt?: number }) => refusal(world.face.result(started.token, { value: 1, ...request }))
		expect((await send({ task_id: other.stepId })).kind).toBe('forbidden')
		expect((await send({ task_id: 'ST-none' })).kind).toBe('not_found')
		expect((await send({ task_id: started.stepId, attempt: 2 })).code).toBe('foreign_attempt')
	})

	test('an artifact needs a name of its own, and the same name twice is two events', async () => {
		verifies('01.C114')
		using world = new WorkerWorld()
		const started = await world.start()
		for (const name of [undefined, '', ' ', 'audit:writer'])
			expect((await refusal(world.face.artifact(started.handle, name, bytes('x')))).kind).toBe('malformed')
		await world.face.artifact(started.handle, 'plan', bytes('1\n'))
		await world.face.artifact(started.handle, 'plan', bytes('2'))
		const artifact = (value: string) => ({ type: 'artifact', name: 'plan', content: { kind: 'inline', value } })
		expect(await world.tailOf(started)).toMatchObject([artifact('1'), artifact('2')])
		expect(world.finals).toEqual([])
	})

	test('a body above the limit is too large, and so is one part more than allowed', async () => {
		using world = new WorkerWorld({ limits: { outputBytes: 10, parts: 2 } })
		const started = await world.start()
		const large = await refusal(world.face.submit(started.handle, {}, bytes('x'.repeat(11))))
		expect(large).toMatchObject({ kind: 'too_large', message: expect.stringContaining('10') })
		for (const name of ['a', 'b']) await world.face.artifact(started.handle, name, bytes('x'))
		expect((await refusal(world.face.artifact(started.handle, 'c', bytes('x')))).code).toBe('too_many_parts')
		await world.face.submit(started.handle, {}, bytes('x'))
	})
})

describe('a late submit', () => {
	const calls = (world: WorkerWorld, { handle, stepId }: Started) => ({
		submit: () => world.face.submit(handle, {}, bytes('x')),
		result: () => world.face.result(handle, { task_id: stepId, value: 1 }),
		artifact: () => world.face.artifact(handle, 'a', bytes('x')),
		degradation: () => world.face.degradation(handle, { tool: 't', error: 'e', fallback: 'f' }),
		stats: () => world.face.stats(handle, {}),
	})

	test('is 410 on every route once the attempt has ended', async () => {
		for (const status of ['finished', 'failed', 'lost', 'cancelled'] as const) {
			using world = new WorkerWorld()
			const started = await world.start()
			await world.endAttempt(started, status)
			for (const call of Object.values(calls(world, started)))
				expect(await refusal(call())).toMatchObject({ kind: 'gone', code: 'attempt_ended' })
			expect(await world.tailOf(started)).toEqual([])
		}
	})

	test('is 410 on every route once the run is over, with run and status in the sentence', async () => {
		departs('01.C112', '04.60')
		for (const status of ['cancelled', 'failed', 'done'] as const) {
			using world = new WorkerWorld()
			const started = await world.start()
			if (status === 'done') await world.endAttempt(started, 'finished')
			await world.endRun(started.run, status)
			for (const call of Object.values(calls(world, started))) {
				const refused = await refusal(call())
				expect(refused).toMatchObject({ kind: 'gone', code: 'run_ended' })
				expect(refused.message).toContain(`${started.run.id} is ${status}`)
			}
		}
	})

	test('is 409 after the seat moved, while the new attempt takes it', async () => {
		departs('01.C113', '04.61')
		using world = new WorkerWorld()
		const first = await world.start()
		await world.endAttempt(first, 'displaced')
		const second = await world.beginAttempt(first, 2)
		for (const call of Object.values(calls(world, first)))
			expect(await refusal(call())).toMatchObject({ kind: 'conflict', code: 'seat_moved' })
		await world.face.submit(second.handle, {}, bytes('x'))
		expect([(await world.tailOf(first)).length, (await world.tailOf(second)).length]).toEqual([0, 1])
	})

	test('is refused even when the attempt ends while it is being accepted', async () => {
		using world = new WorkerWorld()
		const started = await world.start()
		const late = world.face.submit(started.handle, {}, bytes('x'))
		const ended = world.endAttempt(started, 'finished')
		const [outcome] = await Promise.allSettled([late, ended])
		const tail = await world.tailOf(started)
		expect(tail.length).toBe(outcome.status === 'fulfilled' ? 1 : 0)
		expect(world.finals.length).toBe(tail.length)
	})

	test('of an audit that outlives its run is accepted', async () => {
		using world = new WorkerWorld()
		const audit = await world.start()
		await world.endRun(audit.run, 'done')
		await world.face.submit(audit.handle, {}, bytes('fine'))
		expect(await world.tailOf(audit)).toHaveLength(1)
	})
})

describe('verdict contracts', () => {
	test('on the body: other values are 422 with the allowed ones, blocked and skipped Finals pass', async () => {
		verifies('01.C109', '04.67', '06.20', '03.VerdictContract.channel', '03.VerdictContract.values')
		using world = new WorkerWorld()
		world.contracts.set('judge', { channel: 'body', values: ['PASS', 'FAIL'] })
		const judge = await world.start({ agent: 'judge' })
		const refused = await refusal(world.face.submit(judge.handle, {}, bytes('MAYBE')))
		expect(refused).toMatchObject({ kind: 'invalid', code: 'verdict_contract', message: expect.stringContaining('["PASS","FAIL"]') })
		expect((await refusal(world.face.result(judge.handle, { task_id: judge.stepId, value: { a: 1 } }))).code).toBe('verdict_contract')
		expect(await world.tailOf(judge)).toEqual([])
		await world.face.submit(judge.handle, {}, bytes('PASS\n'))
		await world.face.submit(judge.handle, { ok: 'false' }, bytes('MAYBE'))
		await world.face.submit(judge.handle, { verdict: 'skip' }, bytes('MAYBE'))
		const other = await world.start({ agent: 'writer' })
		await world.face.submit(other.handle, {}, bytes('MAYBE'))
		expect(await world.tailOf(judge)).toHaveLength(3)
	})

	test('on a part: it has to be staged with an allowed value, and the last one counts', async () => {
		verifies('01.C110', '03.VerdictContract.channel')
		using world = new WorkerWorld()
		world.contracts.set('judge', { channel: 'part', values: ['PASS', 'FAIL'] })
		const judge = await world.start({ agent: 'judge' })
		const submit = () => world.face.submit(judge.handle, {}, bytes('a long report'))
		expect((await refusal(submit())).message).toContain('no staged "verdict" part')
		expect((await refusal(world.face.artifact(judge.handle, 'verdict', bytes('MAYBE')))).kind).toBe('invalid')
		await world.face.artifact(judge.handle, 'notes', bytes('MAYBE'))
		await world.face.artifact(judge.handle, 'verdict', bytes('PASS'))
		await submit()
		expect(world.finals).toHaveLength(1)
	})
})
