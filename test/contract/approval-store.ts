import { describe, expect, test } from 'bun:test'
import type { Question } from '../../src/core/approval/approval.ts'
import { closed, fact, granted } from '../../src/core/approval/move.ts'
import type { ApprovalStore, AskOptions } from '../../src/core/approval/store.ts'
import type { EventLog } from '../../src/core/event/log.ts'
import { asRunId, asStepId } from '../../src/kernel/id.ts'
import { verifies } from '../support/verifies.ts'

type Opened = { store: ApprovalStore; events: EventLog; reopen(): void } & AsyncDisposable

const question = (over: Partial<Question> = {}): Question => ({
	...{ kind: 'custom', subject: { type: 'deploy', id: 'web' }, requester: 'bob', digest: 'd', payload: { version: 1 }, diff: null },
	...{ required: 1, approvers: [], noSelfApproval: false, deadlineAt: null, onTimeout: 'deny', form: null },
	...{ runId: null, taskId: null, stepId: null, position: null, ...over },
})
const options = (over: Partial<AskOptions> = {}): AskOptions => ({
	...{ maxPending: 100, once: false, told: (made) => fact(made, 'approval.requested'), ...over },
})
const end = (store: ApprovalStore, id: number) => store.change(id, (it) => closed(it, { status: 'denied', by: 'ada', note: 'no' }, 5))

/** What every approval store must do. `open` gives an empty one. */
export function approvalStoreContract(title: string, open: () => Promise<Opened>): void {
	describe(`ApprovalStore: ${title}`, () => {
		test('a question is kept as it was asked, with its event', async () => {
			await using opened = await open()
			const asked = question({ approvers: ['ada'], required: 2, form: { type: 'object' }, deadlineAt: 99, noSelfApproval: true })
			const approval = await opened.store.ask(asked, options())
			expect(approval).toMatchObject({ ...asked, status: 'pending', grants: [], answer: null, note: null, startedAt: null, attempt: 0 })
			expect(await opened.store.get(approval.id)).toEqual(approval)
			const [event] = await opened.events.read(0, {}, 10)
			expect(event).toMatchObject({ kind: 'approval.requested', data: { id: approval.id, kind: 'custom', subject_id: 'web' } })
		})

		test('ids only grow and are never given out twice, across a reopen too', async () => {
			verifies('08.65')
			await using opened = await open()
			const first = await opened.store.ask(question(), options())
			const second = await opened.store.ask(question(), options())
			await end(opened.store, second.id)
			opened.reopen()
			const third = await opened.store.ask(question(), options())
			expect([second.id > first.id, third.id > second.id]).toEqual([true, true])
		})

		test('a step asks once, and a pending question of one subject can be asked once', async () => {
			await using opened = await open()
			const { store } = opened
			const ofStep = question({ kind: 'step_spawn', stepId: asStepId('ST-1'), runId: asRunId('R-1') })
			const step = await store.ask(ofStep, options())
			await end(store, step.id)
			expect((await store.ask(ofStep, options())).id).toBe(step.id)
			const spawn = question({ kind: 'spawn', subject: { type: 'agent', id: 'alice' } })
			const [first, again] = [await store.ask(spawn, options({ once: true })), await store.ask(spawn, options({ once: true }))]
			expect(again.id).toBe(first.id)
			await end(store, first.id)
			expect((await store.ask(spawn, options({ once: true }))).id).toBeGreaterThan(first.id)
		})

		test('one too many is refused, and one that ended makes room', async () => {
			await using opened = await open()
			const { id } = await opened.store.ask(question(), options({ maxPending: 1 }))
			await expect(opened.store.ask(question(), options({ maxPending: 1 }))).rejects.toMatchObject({
				...{ kind: 'throttled', message: 'approval queue is full' },
			})
			await end(opened.store, id)
			expect((await opened.store.ask(question(), options({ maxPending: 1 }))).status).toBe('pending')
		})

		test('changes are decided one after another: of 50 grants at a time one claims', async () => {
			await using opened = await open()
			const { id } = await opened.store.ask(question(), options())
			const grant = (n: number) => opened.store.change(id, (it) => granted(it, { names: [`n${n}`], answer: null, note: null }, n))
			const ends = await Promise.allSettled(Array.from({ length: 50 }, (_, n) => grant(n)))
			expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
			expect(await opened.store.get(id)).toMatchObject({
				status: 'pending',
				by: 'n0',
				startedAt: 0,
				attempt: 1,
				grants: [{ by: 'n0', at: 0 }],
			})
		})

		test('what belongs to an end is in its transaction: when that throws, neither is there', async () => {
			verifies('08.64')
			await using opened = await open()
			const { id } = await opened.store.ask(question(), options())
			const deny = () => ({ approval: { ...asked, status: 'denied' as const }, events: [fact(asked, 'approval.denied')] })
			const asked = (await opened.store.get(id)) as NonNullable<Awaited<ReturnType<ApprovalStore['get']>>>
			const failing = opened.store.change(id, deny, () => {
				throw new Error('the inbox is full')
			})
			await expect(failing).rejects.toThrow('the inbox is full')
			expect((await opened.store.get(id))?.status).toBe('pending')
			expect(await opened.events.read(0, { kinds: ['approval.denied'] }, 10)).toEqual([])
			await opened.store.change(id, deny, (tx, approval) => tx.append(fact(approval, 'approval.expired')))
			expect((await opened.store.get(id))?.status).toBe('denied')
			expect((await opened.events.read(0, { kinds: ['approval.'] }, 10)).map(({ kind }) => kind)).toEqual([
				...(['approval.requested', 'approval.denied', 'approval.expired'] as const),
			])
		})

		test('lists filter and go on after an id; an unknown id is null', async () => {
			await using opened = await open()
			const { store } = opened
			const a = await store.ask(question({ runId: asRunId('R-1') }), options())
			const b = await store.ask(question({ kind: 'spawn' }), options())
			await end(store, b.id)
			const ids = async (query: object) => (await store.list({ after: 0, limit: 10, ...query })).map(({ id }) => id)
			expect(await ids({})).toEqual([a.id, b.id])
			expect(await ids({ after: a.id })).toEqual([b.id])
			expect(await ids({ status: 'pending' })).toEqual([a.id])
			expect(await ids({ kind: 'spawn' })).toEqual([b.id])
			expect(await ids({ runId: asRunId('R-1') })).toEqual([a.id])
			expect(await ids({ subject: { type: 'deploy', id: 'api' } })).toEqual([])
			expect(await ids({ limit: 1 })).toEqual([a.id])
			expect((await store.pending()).map(({ id }) => id)).toEqual([a.id])
			expect([await store.get(77), await store.change(77, () => null)]).toEqual([null, null])
		})
	})
}
