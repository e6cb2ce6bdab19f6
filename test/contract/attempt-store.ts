import { describe, expect, test } from 'bun:test'
import type { AttemptStore } from '../../src/core/dispatch/attempt-store.ts'
import type { AgentContext } from '../../src/core/dispatch/backend.ts'
import { asStepId, type RunId, type StepId, type TaskId } from '../../src/kernel/id.ts'
import type { Json } from '../../src/kernel/json.ts'

export interface OpenedAttemptStore extends Disposable {
	readonly store: AttemptStore
	/** Begins attempt `n` of a new step (or of `step`) with these fingerprints. */
	begin(attempt: {
		n: number
		step?: StepId
		agent?: string
		prompt?: Json
		system?: string
		context?: AgentContext
		tokenFp?: string
		handleHash?: string
	}): Promise<{ stepId: StepId; runId: RunId; taskId: TaskId }>
	degradations(runId: RunId): Promise<readonly unknown[]>
	stats(stepId: StepId, n: number): unknown
	reopen(): AttemptStore
}

export function attemptStoreContract(title: string, open: () => OpenedAttemptStore): void {
	describe(`AttemptStore: ${title}`, () => {
		test('an attempt is found by either fingerprint, with its step and run', async () => {
			using opened = open()
			const context = { work_dir: '/w', extra: { a: [1] } }
			const begun = await opened.begin({ n: 1, prompt: { big: 'x'.repeat(300_000) }, context, tokenFp: 'fp', handleHash: 'hh' })
			const found = await opened.store.byHandle('hh')
			expect(found).toMatchObject({
				...begun,
				n: 1,
				runStatus: 'running',
				agent: 'writer',
				status: 'running',
				prompt: { big: 'x'.repeat(300_000) },
				system: null,
				context,
				endedAt: null,
			})
			expect(await opened.store.byToken(begun.stepId, 'fp')).toEqual(found)
			expect([await opened.store.byHandle('fp'), await opened.store.byToken(begun.stepId, 'hh')]).toEqual([null, null])
			expect(await opened.store.byToken(asStepId('ST-none'), 'fp')).toBeNull()
		})

		test('each attempt keeps its own credentials, and the newest is the latest', async () => {
			using opened = open()
			const { stepId } = await opened.begin({ n: 1, handleHash: 'h1' })
			await opened.begin({ n: 2, step: stepId, handleHash: 'h2' })
			expect([(await opened.store.byHandle('h1'))?.n, (await opened.store.byHandle('h2'))?.n]).toEqual([1, 2])
			expect((await opened.store.latest(stepId))?.n).toBe(2)
			expect(await opened.store.latest(asStepId('ST-none'))).toBeNull()
		})

		test('the system prompt is set later, and its size is known by agent', async () => {
			using opened = open()
			const { stepId } = await opened.begin({ n: 1 })
			expect(await opened.store.lastRenderedBytes('writer')).toBeNull()
			await opened.store.setSystem(stepId, 1, 'grün')
			expect((await opened.store.latest(stepId))?.system).toBe('grün')
			expect([await opened.store.lastRenderedBytes('writer'), await opened.store.lastRenderedBytes('none')]).toEqual([5, null])
		})

		test('reports are kept: the last stats, and degradations in order', async () => {
			using opened = open()
			const { stepId, runId } = await opened.begin({ n: 1 })
			await opened.store.reportStats(stepId, 1, { model: 'a' })
			await opened.store.reportStats(stepId, 1, { model: 'b', usage: { total_tokens: 1 } })
			for (const tool of ['x', 'y']) await opened.store.addDegradation(runId, stepId, { tool })
			expect(opened.stats(stepId, 1)).toEqual({ model: 'b', usage: { total_tokens: 1 } })
			expect(await opened.degradations(runId)).toEqual([{ tool: 'x' }, { tool: 'y' }])
		})

		test('everything outlives the process', async () => {
			using opened = open()
			const { stepId } = await opened.begin({ n: 1, system: 's', handleHash: 'h1' })
			const before = await opened.store.latest(stepId)
			expect(await opened.reopen().byHandle('h1')).toEqual(before)
		})
	})
}
