import { describe, expect, test } from 'bun:test'
import type { NewOutput, OutputStore } from '../../src/core/output/store.ts'
import { asOutputId, asRunId, asStepId } from '../../src/kernel/id.ts'
import type { OutputEvent } from '../../src/protocol/output.ts'
import { verifies } from '../support/verifies.ts'

/** What the contract needs of a store under test; `reopen` gives the same data to a new instance. */
export interface OpenedOutputStore extends Disposable {
	readonly store: OutputStore
	/** Makes an attempt that runs, for `appendWhileRunning`. */
	beginAttempt(): Promise<Pick<NewOutput, 'runId' | 'stepId' | 'attempt'>>
	endAttempt(of: Pick<NewOutput, 'stepId' | 'attempt'>): Promise<void>
	reopen(): OutputStore
}

const stepId = asStepId('ST-1')
const body = (value: unknown): OutputEvent => ({ type: 'final', content: { kind: 'inline', value }, ok: true })

function output(over: Partial<NewOutput> = {}): NewOutput {
	return { plane: 'data', runId: null, stepId, attempt: 1, producer: 'writer', event: body('x'), parentRefs: [], ...over }
}

export function outputStoreContract(title: string, open: () => OpenedOutputStore): void {
	describe(`OutputStore: ${title}`, () => {
		test('a record comes back by its id as it was put in', async () => {
			using opened = open()
			const event: OutputEvent = { type: 'artifact', name: 'a', content: { kind: 'file_ref', path: '/p', mime: null, size_hint: 3 } }
			const put = await opened.store.append(output({ event, parentRefs: ['out-a', 'out-b'] }))
			expect(put).toMatchObject(output({ event, parentRefs: ['out-a', 'out-b'] }))
			expect(await opened.store.get(put.id)).toEqual(put)
			expect(await opened.store.get(asOutputId('out-none'))).toBeNull()
		})

		test('the records of an attempt and plane are listed in the order they arrived', async () => {
			using opened = open()
			const { store } = opened
			const puts = await Promise.all([1, 2, 3].map((value) => store.append(output({ event: body(value) }))))
			await store.append(output({ plane: 'tail' }))
			await store.append(output({ attempt: 2 }))
			expect(await store.listForAttempt(stepId, 1, 'data')).toEqual(puts)
			expect(await store.listForAttempt(stepId, 1, 'tail')).toHaveLength(1)
			expect(await store.listForAttempt(stepId, 3, 'data')).toEqual([])
		})

		test('a name finds its newest data, within a run or everywhere', async () => {
			using opened = open()
			const { store } = opened
			const [first, second] = [asRunId('R-1'), asRunId('R-2')]
			const one = await store.append(output({ runId: first, event: body(1) }))
			const two = await store.append(output({ runId: second, event: body(2) }))
			await store.append(output({ runId: first, producer: 'other' }))
			await store.append(output({ runId: first, plane: 'tail' }))
			expect(await store.latestByName('writer', null)).toEqual(two)
			expect(await store.latestByName('writer', first)).toEqual(one)
			expect(await store.latestByName('writer', asRunId('R-3'))).toBeNull()
			expect(await store.latestByName('none', null)).toBeNull()
		})

		test('bodies are counted per attempt and plane, progress and partial text of a tail are not', async () => {
			using opened = open()
			const { store } = opened
			const events: OutputEvent[] = [body(1), { type: 'progress', stage: 's' }, { type: 'partial', chunk: 'c' }]
			for (const event of events) await store.append(output({ plane: 'tail', event }))
			for (const event of events) await store.append(output({ event }))
			expect([await store.countForAttempt(stepId, 1, 'tail'), await store.countForAttempt(stepId, 1, 'data')]).toEqual([1, 3])
			expect(await store.countForAttempt(stepId, 2, 'data')).toBe(0)
		})

		test('what needs a running attempt is kept only while it runs', async () => {
			using opened = open()
			const attempt = await opened.beginAttempt()
			expect(await opened.store.appendWhileRunning(output({ ...attempt, plane: 'tail' }))).not.toBeNull()
			const racing = [opened.endAttempt(attempt), opened.store.appendWhileRunning(output({ ...attempt, plane: 'tail' }))] as const
			expect((await Promise.all(racing))[1]).toBeNull()
			expect(await opened.store.appendWhileRunning(output({ stepId: asStepId('ST-none') }))).toBeNull()
			expect(await opened.store.listForAttempt(attempt.stepId, attempt.attempt, 'tail')).toHaveLength(1)
		})

		test('a closed tail is what was taken of it, and takes nothing more until it is released', async () => {
			using opened = open()
			const { store } = opened
			const attempt = await opened.beginAttempt()
			const first = await store.appendWhileRunning(output({ ...attempt, plane: 'tail' }))
			const late = store.appendWhileRunning(output({ ...attempt, plane: 'tail' }))
			expect(await store.closeTail(attempt.stepId, attempt.attempt)).toEqual(first ? [first] : [])
			expect([await late, await store.appendWhileRunning(output({ ...attempt, plane: 'tail' }))]).toEqual([null, null])
			store.releaseTail(attempt.stepId, attempt.attempt)
			expect(await store.appendWhileRunning(output({ ...attempt, plane: 'tail' }))).not.toBeNull()
		})

		test('large bodies and everything else outlive the process', async () => {
			verifies('04.64')
			using opened = open()
			const large = 'ü'.repeat(300_000)
			const puts = [await opened.store.append(output({ event: body(large) })), await opened.store.append(output())]
			const again = opened.reopen()
			expect(await again.listForAttempt(stepId, 1, 'data')).toEqual(puts)
			expect(await again.latestByName('writer', null)).toEqual(puts[1] ?? null)
		})
	})
}
