import { describe, expect, test } from 'bun:test'
import type { OutputEvent } from '../../../src/protocol/output.ts'
import { departs, verifies } from '../../support/verifies.ts'
import { refusal, type Started, WorkerWorld } from './support.ts'

const body = (value: unknown): OutputEvent => ({ type: 'artifact', name: 'a', content: { kind: 'inline', value } })
const nobody = { authorization: undefined }
const emitReq = ({ stepId }: Started, value: unknown, over: object = {}) => ({
	task_id: stepId,
	attempt: 1,
	producer_agent: 'writer',
	event: body(value),
	...over,
})

describe('data', () => {
	test('what is put down is found by its id, and its newest by name', async () => {
		verifies('01.C121', '04.62', '06.97')
		using world = new WorkerWorld()
		const started = await world.start()
		const first = await world.face.emit(started.token, emitReq(started, 1, { parent_refs: ['out-p'] }))
		const second = await world.face.emit({ ...nobody, queryToken: started.handleText }, emitReq(started, 2))
		expect(first.out_id).toMatch(/^out-[0-9a-f]{10}$/)
		expect(await world.face.read(nobody, first.out_id)).toEqual({
			id: first.out_id,
			task_id: started.stepId,
			attempt: 1,
			producer_agent: 'writer',
			event: body(1),
			parent_refs: ['out-p'],
		})
		expect((await world.face.read(nobody, 'writer')).id).toBe(second.out_id)
		const missing = await refusal(world.face.read(nobody, 'none'))
		expect(missing).toMatchObject({ kind: 'not_found', message: 'output not found (id nor name): none' })
	})

	test('it never decides the step', async () => {
		using world = new WorkerWorld()
		const started = await world.start()
		const event: OutputEvent = { type: 'final', content: { kind: 'inline', value: 1 }, ok: true }
		await world.face.emit(started.handle, { ...emitReq(started, 1), event })
		expect([await world.tailOf(started), world.finals]).toEqual([[], []])
	})

	test('step, attempt and producer have to be those of the credential', async () => {
		using world = new WorkerWorld()
		const started = await world.start()
		const other = await world.start()
		const emit = (over: object) => refusal(world.face.emit(started.handle, emitReq(started, 1, over)))
		expect((await emit({ producer_agent: 'reviewer' })).code).toBe('foreign_producer')
		expect((await emit({ attempt: 2 })).code).toBe('foreign_attempt')
		expect((await emit({ task_id: other.stepId })).code).toBe('foreign_step')
		expect((await emit({ task_id: 'ST-none' })).kind).toBe('not_found')
	})

	test('a name is looked up in the caller’s run, and everywhere for those who see everything', async () => {
		verifies('04.63')
		using world = new WorkerWorld()
		const first = await world.start()
		const second = await world.start()
		const { event, task_id, attempt } = emitReq(first, 'of the first run')
		const { out_id } = await world.face.emitAs(first.handle, 'plan', { task_id, attempt, event })
		expect((await world.face.read(first.token, 'plan')).id).toBe(out_id)
		expect((await refusal(world.face.read(second.handle, 'plan'))).kind).toBe('not_found')
		expect((await world.face.read(second.handle, out_id)).id).toBe(out_id)
		for (const presented of [nobody, { authorization: 'Bearer trusted' }])
			expect((await world.face.read(presented, 'plan')).id).toBe(out_id)
		const peer = await world.start({ run: first.run })
		expect((await world.face.read({ ...nobody, queryToken: peer.tokenText }, 'plan')).id).toBe(out_id)
	})

	test('reading wants a credential where reads are not open, and a bad one is never ignored', async () => {
		using closed = new WorkerWorld({ openReads: false })
		expect((await refusal(closed.face.read({ ...nobody, queryToken: undefined }, 'x'))).message).toStartWith('missing token')
		using open = new WorkerWorld()
		for (const presented of [{ authorization: 'Bearer junk' }, { ...nobody, queryToken: 'wh-00000000' }, { ...nobody, queryToken: '' }])
			expect((await refusal(open.face.read(presented, 'x'))).kind).toBe('unauthenticated')
	})

	test('a header wins over the query, even a bad one', async () => {
		using world = new WorkerWorld()
		const started = await world.start()
		const presented = { authorization: 'Bearer junk', queryToken: started.handleText }
		expect((await refusal(world.face.emit(presented, emitReq(started, 1)))).kind).toBe('unauthenticated')
	})

	test('nothing is put down after the attempt ended', async () => {
		using world = new WorkerWorld()
		const started = await world.start()
		await world.endAttempt(started, 'finished')
		expect((await refusal(world.face.emit(started.handle, emitReq(started, 1)))).kind).toBe('gone')
	})

	test('records of a tail are not data', async () => {
		using world = new WorkerWorld()
		const started = await world.start()
		await world.face.submit(started.handle, {}, new TextEncoder().encode('x'))
		const [record] = await world.outputs.listForAttempt(started.stepId, 1, 'tail')
		expect((await refusal(world.face.read(nobody, record?.id ?? ''))).kind).toBe('not_found')
		expect((await refusal(world.face.read(nobody, 'writer'))).kind).toBe('not_found')
	})
})

describe('reports', () => {
	test('degradations are kept in order, with who reported them', async () => {
		verifies('06.24')
		departs('01.C119')
		using world = new WorkerWorld()
		const { handle, run } = await world.start()
		await world.face.degradation(handle, { tool: 'a', error: 'e', fallback: 'f', note: 'n' })
		await world.face.degradation(handle, { tool: 'b', error: 'e', fallback: 'f', note: null })
		const common = { error: 'e', fallback: 'f', step_ref: 'writer', attempt: 1, at: Math.floor(world.clock.now() / 1000) }
		expect(await world.runs.degradations(run.id)).toEqual([
			{ tool: 'a', note: 'n', ...common },
			{ tool: 'b', ...common },
		])
	})

	test('stats default to an operator’s worker, and too much adapter data is refused', async () => {
		verifies('06.42')
		using world = new WorkerWorld()
		const { handle } = await world.start()
		await world.face.stats(handle, { usage: { total_tokens: 5 } })
		const { stats } = world.db.query<{ stats: string }>('SELECT stats FROM attempt').get() ?? { stats: '' }
		expect(JSON.parse(stats)).toEqual({ worker_kind: 'operator', usage: { total_tokens: 5 } })
		expect((await refusal(world.face.stats(handle, { adapter_data: 'x'.repeat(9000) }))).kind).toBe('too_large')
	})
})
