import { expect, test } from 'bun:test'
import type { Run } from '../../../../src/core/run/record.ts'
import { newStepId, type StepId } from '../../../../src/kernel/id.ts'
import { AttemptMemory } from '../../../../src/store/sqlite/run/attempt-memory.ts'
import { SqliteAttemptStore } from '../../../../src/store/sqlite/run/attempt-store.ts'
import { SqliteRunStore } from '../../../../src/store/sqlite/run/run-store.ts'
import { attemptStoreContract, type OpenedAttemptStore } from '../../../contract/attempt-store.ts'
import { storedRun, testDatabase } from '../support.ts'

attemptStoreContract('SQLite in memory', () => opened('memory'))
attemptStoreContract('SQLite in a file', () => opened('file'))

test('an attempt that began in this life is found as it is by now, and with its run it is gone', async () => {
	using world = testDatabase('memory')
	const memory = new AttemptMemory()
	const runs = new SqliteRunStore(world.db, world.values, memory)
	const store = new SqliteAttemptStore(world.db, world.values, memory)
	const [run, stepId] = [await storedRun(world), newStepId()]
	const attempt = { stepId, n: 1, ref: 'writer', backend: 'b', at: 1 } as const
	await runs.record(
		run,
		[
			{ ...attempt, kind: 'step_began', position: '/0', inputHash: '', prompt: 'do it', attempt: 0 },
			{ ...attempt, kind: 'attempt_began', system: null, context: { work_dir: '/w' }, tokenFp: null, handleHash: 'hh' },
		],
		0,
	)
	const before = await store.byHandle('hh')
	expect(before).toMatchObject({ status: 'running', system: null, prompt: 'do it', runStatus: 'running' })
	await store.setSystem(stepId, 1, 'You write.')
	await runs.record(run, [{ ...attempt, kind: 'attempt_ended', status: 'finished', failure: null, stats: null, at: 7 }], 0)
	await runs.changeStatus(run.id, { from: ['running'], to: 'done', events: [] })
	const after = await store.byHandle('hh')
	expect(after).toMatchObject({ status: 'finished', endedAt: 7, system: 'You write.', prompt: 'do it', runStatus: 'done' })
	expect(after).toEqual(await store.latest(stepId))
	await runs.deleteRun(run.id)
	expect(await store.byHandle('hh')).toBeNull()
})

function opened(where: 'memory' | 'file'): OpenedAttemptStore {
	const test = testDatabase(where)
	const runs = new SqliteRunStore(test.db, test.values)
	const runOf = new Map<StepId, Run>()
	const newStep = async (ref: string, prompt: Parameters<OpenedAttemptStore['begin']>[0]['prompt'] = null): Promise<StepId> => {
		const [run, stepId] = [await storedRun(test), newStepId()]
		await runs.record(run, [{ kind: 'step_began', stepId, position: stepId, ref, inputHash: '', prompt, attempt: 0, at: 1 }], 0)
		runOf.set(stepId, run)
		return stepId
	}
	return {
		store: new SqliteAttemptStore(test.db, test.values),
		async begin({ n, step, agent = 'writer', prompt, system = null, context = {}, tokenFp = null, handleHash = null }) {
			const stepId = step ?? (await newStep(agent, prompt))
			const run = runOf.get(stepId)
			if (!run) throw new Error(`no step ${stepId}`)
			const about = { kind: 'attempt_began', stepId, n, ref: agent, backend: 'b', at: 1 } as const
			await runs.record(run, [{ ...about, system, context, tokenFp, handleHash }], 0)
			return { stepId, runId: run.id, taskId: run.taskId }
		},
		degradations: (runId) => runs.degradations(runId),
		stats: (stepId, n) =>
			JSON.parse(test.db.query<{ stats: string }>('SELECT stats FROM attempt WHERE step_id = ? AND n = ?').get(stepId, n)?.stats ?? 'null'),
		reopen() {
			test.reopen()
			return new SqliteAttemptStore(test.db, test.values)
		},
		[Symbol.dispose]: () => test[Symbol.dispose](),
	}
}
