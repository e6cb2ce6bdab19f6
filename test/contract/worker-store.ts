import { describe, expect, test } from 'bun:test'
import { accepted, refused } from '../../src/core/worker/execution.ts'
import type { NewWorker, WorkerStore } from '../../src/core/worker/store.ts'
import type { WorkerInput } from '../../src/protocol/runtime-worker.ts'

export interface OpenedWorkerStore extends Disposable {
	readonly store: WorkerStore
	reopen(): WorkerStore
}

const told = (content: string, over: Partial<WorkerInput> = {}): WorkerInput => ({ kind: 'user', content, ...over })
const busy = accepted('input', 'busy')
const said = (text: string) => ({ event: 'text_done', data: { text } })

/** `kept`: observations of one worker that the opened store keeps at least. */
export function workerStoreContract(title: string, kept: number, open: () => OpenedWorkerStore): void {
	const create = async (store: WorkerStore, over: Partial<NewWorker> = {}): Promise<string> => {
		const id = await store.nextId()
		const execution = { backend: 'connected', run_state: 'idle', last_result: accepted('spawn', 'idle') } as const
		const request = { intent: { kind: 'assistant' }, profile: { kind: 'runtime_default' } } as const
		await store.create({ id, request, profile: 'builtin:echo', execution, ...over })
		return id
	}

	describe(`WorkerStore: ${title}`, () => {
		test('ids count up and are never given out again, a deleted one neither, through a restart', async () => {
			using opened = open()
			const first = await create(opened.store)
			expect([first, await opened.store.remove(first), await opened.store.remove(first)]).toEqual(['worker-00000001', true, false])
			expect(await opened.reopen().nextId()).toBe('worker-00000002')
		})

		test('a worker is found as it was created, by id and by key, and its key is free once it ended', async () => {
			using opened = open()
			const id = await create(opened.store, { key: { name: 'run:R-1:a', fingerprint: 'f' } })
			const record = await opened.store.find(id)
			expect(record).toMatchObject({ id, status: 'running', generation: 1, turn: 0, transcriptLength: 0, profile: 'builtin:echo' })
			expect(await opened.store.byKey('run:R-1:a')).toEqual({ record: record as never, fingerprint: 'f' })
			expect(await opened.store.runningWithKey('run:R-1:')).toEqual([{ id, key: 'run:R-1:a' }])
			expect(await opened.store.runningWithKey('run:R-10:')).toEqual([])
			await opened.store.end(id, 'stopped', null, null)
			expect([await opened.store.byKey('run:R-1:a'), await opened.store.find('worker-none')]).toEqual([null, null])
		})

		test('lists are by id, filtered, and read in pages', async () => {
			using opened = open()
			const ids = [await create(opened.store), await create(opened.store, { profile: 'http:far' }), await create(opened.store)]
			await opened.store.end(ids[2] as string, 'cancelled', null, null)
			const of = async (filter: Parameters<WorkerStore['list']>[0]) => (await opened.store.list(filter)).map(({ id }) => id)
			expect([await of({}), await of({ status: 'running' }), await of({ profile: 'http:far' })]).toEqual([
				ids,
				ids.slice(0, 2),
				[ids[1] ?? ''],
			])
			expect([await of({ limit: 2 }), await of({ after: ids[1], limit: 2 })]).toEqual([ids.slice(0, 2), ids.slice(2)])
			expect(await opened.store.counts()).toMatchObject({ running: 2, stopped: 0, cancelled: 1 })
		})

		test('a turn is a line with its attachments, moves the run state, and is the turn of the worker', async () => {
			using opened = open()
			const id = await create(opened.store)
			await opened.store.publish(id, 1, said('hello'))
			const acked = await opened.store.acceptInput(id, 1, told('look', { attachments: ['out-1'] }), busy)
			expect(acked).toMatchObject({ sequence: 2, record: { turn: 2, execution: { run_state: 'busy', last_result: busy } } })
			const later = opened.reopen()
			const { total, lines } = await later.transcript(id, 0, -1)
			expect([total, lines.map(({ role, content }) => [role, content]), lines[1]?.attachments]).toEqual([
				2,
				[
					['assistant', 'hello'],
					['user', 'look'],
				],
				['out-1'],
			])
			expect((await later.transcript(id, 1, 5)).lines).toHaveLength(1)
		})

		test('a worker and its first turn of the same moment are both there', async () => {
			using opened = open()
			const id = await opened.store.nextId()
			const [, acked] = await Promise.all([
				opened.store.create({
					...{ id, profile: 'builtin:echo', execution: { backend: 'connected', run_state: 'idle' } },
					request: { intent: { kind: 'assistant' }, profile: { kind: 'runtime_default' } },
				}),
				opened.store.acceptInput(id, 1, told('first'), busy),
			])
			expect([acked?.sequence, (await opened.store.find(id))?.turn]).toEqual([1, 1])
		})

		test('an earlier generation and an ended worker are not heard', async () => {
			using opened = open()
			const id = await create(opened.store)
			expect(await opened.store.beginGeneration(id)).toBe(2)
			expect([await opened.store.publish(id, 1, said('late')), await opened.store.acceptInput(id, 1, told('late'), busy)]).toEqual([
				null,
				null,
			])
			expect((await opened.store.publish(id, 2, said('now')))?.sequence).toBe(1)
			await opened.store.end(id, 'stopped', accepted('stop', 'stopped'), 'enough')
			expect([await opened.store.publish(id, 2, said('after')), await opened.store.beginGeneration(id)]).toEqual([null, null])
			expect((await opened.store.transcript(id, 0, -1)).total).toBe(1)
		})

		test('the first end stands, with its event, and later ones are told of it', async () => {
			using opened = open()
			const id = await create(opened.store)
			const first = await opened.store.end(id, 'cancelled', null, 'enough')
			const later = await opened.store.end(id, 'stopped', null, null)
			expect([first?.record.status, later]).toEqual(['cancelled', first])
			expect((await opened.store.events(0, 10)).at(-1)).toMatchObject({ kind: 'worker_cancelled', message: 'enough', workerId: id })
			expect(await opened.store.end('worker-none', 'stopped', null, null)).toBeNull()
		})

		test('a refusal is kept as the last result and leaves the run state', async () => {
			using opened = open()
			const id = await create(opened.store)
			const result = refused('input', 'busy', 'already running')
			await opened.store.recordRefusal(id, result)
			expect((await opened.store.find(id))?.execution).toEqual({ backend: 'connected', run_state: 'idle', last_result: result })
		})

		test('observations are numbered over all workers, the oldest of each go, and bounds say how far', async () => {
			using opened = open()
			const [mine, other] = [await create(opened.store), await create(opened.store)]
			await opened.store.publish(other, 1, said('first of all'))
			for (let n = 0; n < kept * 3; n++) await opened.store.publish(mine, 1, said(String(n)))
			const later = opened.reopen()
			const bounds = await later.observationBounds(mine)
			expect(bounds.newest).toBe(kept * 3 + 1)
			expect(bounds.trimmedThrough).toBeGreaterThan(1)
			expect(bounds.trimmedThrough).toBeLessThanOrEqual(bounds.newest - kept)
			expect([await later.newestObservation(mine), await later.newestObservation(other)]).toEqual([bounds.newest, 1])
			expect(await later.observationBounds(other)).toMatchObject({ trimmedThrough: 0 })
		})

		test('bundles are kept by id, a later one in the place of an earlier', async () => {
			using opened = open()
			const bundle = (id: string, digest: string) => ({
				metadata: { id, digest, revision: '1', workspace_id: 'w', created_at: 't', provenance: { source: 's' } },
			})
			for (const [id, digest] of [
				['b', '1'],
				['a', '1'],
				['b', '2'],
			] as const)
				await opened.store.putBundle(bundle(id, digest))
			expect((await opened.store.bundles()).map(({ metadata }) => metadata.id + metadata.digest)).toEqual(['a1', 'b2'])
			expect([await opened.store.bundle('a'), await opened.store.bundle('c')]).toEqual([bundle('a', '1'), null])
		})
	})
}
